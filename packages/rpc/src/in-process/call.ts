// One call without a wire: the client's end takes the place of a call of a grpc-js channel, the server's that of a call object of its server.
import { Metadata, type StatusObject, type UntypedHandleCall } from "@grpc/grpc-js";
import { Code } from "../protocol/code.ts";
import type { Linked } from "../linked-set.ts";
import { type RespondCallback, type Surface, SurfaceListeners } from "../server/surface.ts";
import type { InProcessServer } from "./channel.ts";

/** A method of the server: its handler, as grpc-js would call it. */
export interface Handle {
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly handle: UntypedHandleCall;
}

interface Listener {
  onReceiveMetadata(header: Metadata): void;
  onReceiveMessage(message: unknown): void;
  onReceiveStatus(status: StatusObject): void;
}

/** Messages in one direction that may wait to be taken. */
const window = 16;

export class InProcessCall implements Linked<InProcessCall> {
  readonly #server: InProcessServer;
  readonly #path: string;
  readonly #deadline: number;
  #handle: Handle | undefined;
  #end: ServerEnd | undefined;
  #listener: Listener | undefined;
  #ended = false;
  /** The request of a call that has one only. */
  #request: unknown;
  #headerSent = false;
  /** Responses that the client has not asked for yet, and the status that comes after them. */
  readonly #responses: unknown[] = [];
  #status: StatusObject | undefined;
  #wanted = 0;
  previous: InProcessCall | undefined;
  next: InProcessCall | undefined;

  constructor(server: InProcessServer, path: string, deadline: number) {
    this.#server = server;
    this.#path = path;
    this.#deadline = deadline;
  }

  // The client's end.

  start(metadata: Metadata, listener: Listener): void {
    this.#listener = listener;
    const handle = this.#server.find(this.#path);
    if ("refusal" in handle) {
      this.#finish(handle.refusal);
      return;
    }
    this.#server.started(this);
    this.#handle = handle;
    // The handler may change its own; the caller's may be used again.
    this.#end = new ServerEnd(this, metadata.clone(), this.#deadline);
    if (handle.requestStream) this.#run();
  }

  sendMessageWithContext({ callback }: { callback?: () => void }, message: unknown): void {
    const end = this.#end;
    if (end === undefined || this.#ended) return;
    if (!this.#handle?.requestStream) this.#request = message;
    if (!this.#handle?.requestStream || end.receive(message)) callback?.();
    else end.whenTaken(callback);
  }

  halfClose(): void {
    if (this.#end === undefined || this.#ended) return;
    if (this.#handle?.requestStream) this.#end.receiveEnd();
    else this.#run();
  }

  startRead(): void {
    this.#wanted++;
    this.#flush();
  }

  cancelWithStatus(code: Code, details: string): void {
    if (this.#ended) return;
    this.#responses.length = 0;
    this.#finish(status(code, details));
    this.#end?.cancel();
  }

  getPeer(): string {
    return inProcessPeer;
  }

  setCredentials(): void {}

  #run(): void {
    const { handle, responseStream = false } = this.#handle ?? {};
    const end = this.#end;
    if (end === undefined || handle === undefined) return;
    end.request = this.#request;
    if (responseStream) (handle as (surface: unknown) => void)(end);
    else (handle as (surface: unknown, callback: RespondCallback<unknown>) => void)(end, end.respond);
  }

  // What the server's end does.

  sendHeader(header: Metadata): void {
    if (this.#headerSent || this.#ended) return;
    this.#headerSent = true;
    this.#listener?.onReceiveMetadata(header);
  }

  /** Returns whether there is room for more. */
  sendResponse(message: unknown): boolean {
    if (this.#ended) return true;
    this.sendHeader(new Metadata());
    this.#responses.push(message);
    this.#flush();
    return this.#responses.length < window;
  }

  sendStatus(status: StatusObject): void {
    this.#status ??= status;
    this.#flush();
  }

  #flush(): void {
    while (this.#wanted > 0 && this.#responses.length > 0) {
      this.#wanted--;
      this.#listener?.onReceiveMessage(this.#responses.shift());
    }
    if (this.#responses.length < window) this.#end?.drain();
    if (this.#status !== undefined && this.#responses.length === 0) this.#finish(this.#status);
  }

  #finish(status: StatusObject): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#server.ended(this);
    this.#listener?.onReceiveStatus(status);
  }
}

export const inProcessPeer = "in-process";

export function status(code: Code, details: string): StatusObject {
  return { code, details, metadata: new Metadata() };
}

/** The part of grpc-js's call objects that `serve` uses. */
class ServerEnd implements Surface {
  readonly metadata: Metadata;
  readonly #call: InProcessCall;
  readonly #deadline: number;
  request: unknown;
  cancelled = false;
  #listeners: SurfaceListeners | undefined;
  readonly #requests: unknown[] = [];
  #requestsEnded = false;
  #endTold = false;
  #taken: (() => void) | undefined;
  #full = false;

  constructor(call: InProcessCall, metadata: Metadata, deadline: number) {
    this.#call = call;
    this.metadata = metadata;
    this.#deadline = deadline;
  }

  getPeer(): string {
    return inProcessPeer;
  }

  getDeadline(): number {
    return this.#deadline;
  }

  getAuthContext() {
    return {};
  }

  sendMetadata(header: Metadata): void {
    this.#call.sendHeader(header.clone());
  }

  on(event: keyof SurfaceListeners, listener: () => void): this {
    this.#listeners ??= new SurfaceListeners();
    this.#listeners[event] = listener;
    return this;
  }

  /** The one response, or the error instead of it. */
  readonly respond: RespondCallback<unknown> = (error, response, trailer) => {
    if (error === null) {
      this.#call.sendResponse(response);
      this.#call.sendStatus({ code: Code.OK, details: "OK", metadata: trailer?.clone() ?? new Metadata() });
    } else this.emit("error", error);
  };

  read(): unknown {
    if (this.#requests.length === 0) {
      this.#tellEnd();
      return null;
    }
    const request = this.#requests.shift();
    // Not at once: whoever reads has not dealt with this request yet, and the sender would tell it of the next.
    if (this.#taken !== undefined) queueMicrotask(this.#taken);
    this.#taken = undefined;
    return request;
  }

  write(response: unknown): boolean {
    const room = this.#call.sendResponse(response);
    this.#full = !room;
    return room;
  }

  end(trailer?: Metadata): void {
    this.#call.sendStatus({ code: Code.OK, details: "OK", metadata: trailer?.clone() ?? new Metadata() });
  }

  emit(_event: "error", { code = Code.UNKNOWN, details = "", metadata = new Metadata() }: Partial<StatusObject>): void {
    this.#call.sendStatus({ code, details, metadata });
  }

  // What the client's end does.

  /** Returns whether there is room for more. */
  receive(request: unknown): boolean {
    this.#requests.push(request);
    this.#listeners?.readable?.();
    return this.#requests.length < window;
  }

  whenTaken(taken: (() => void) | undefined): void {
    this.#taken = taken;
  }

  receiveEnd(): void {
    this.#requestsEnded = true;
    this.#tellEnd();
  }

  drain(): void {
    if (!this.#full) return;
    this.#full = false;
    this.#listeners?.drain?.();
  }

  cancel(): void {
    this.cancelled = true;
    this.#listeners?.cancelled?.();
    this.#listeners?.close?.();
  }

  #tellEnd(): void {
    if (!this.#requestsEnded || this.#endTold || this.#requests.length > 0) return;
    this.#endTold = true;
    this.#listeners?.end?.();
  }
}
