// One call on a server of grpc-js: the end that a handler has of it.
import {
  Metadata as GrpcMetadata,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import type { Linked } from "../../linked-set.ts";
import { LongTimer } from "../../long-timer.ts";
import { Code } from "../../protocol/code.ts";
import type { Compression } from "../../protocol/compression.ts";
import { isRequestMetadata } from "../../protocol/fields.ts";
import { fitStatus } from "../../protocol/fit-status.ts";
import { hostPort } from "../../protocol/host-port.ts";
import type { Metadata } from "../../protocol/metadata.ts";
import type { Status } from "../../protocol/status.ts";
import { type ClientCertificate, clientCertificate } from "../../security/peer-certificate.ts";
import type { ServedMethod, ServerListener, ServerStream, UnsentCall } from "../server.ts";
import { copyOf, toGrpcJs } from "./metadata.ts";
import { RequestReader } from "./request-reader.ts";
import { unsupportedCertificates } from "./unsupported.ts";

/** What call objects of all kinds have. */
type Surface = Pick<ServerUnaryCall<Buffer, Buffer>, "metadata" | "getPeer" | "getDeadline" | "getAuthContext" | "sendMetadata"> & {
  on(event: "cancelled", listener: () => void): unknown;
};
type Readable = ServerReadableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;
type Writable = ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;

/** What a handler of grpc-js is called with, whatever the kind of its method. */
export interface CallParts {
  readonly surface: Surface;
  /** The requests of a stream. */
  readonly readable?: Readable;
  /** The only request. */
  readonly request?: Buffer;
  /** The responses of a stream. */
  readonly writable?: Writable;
  /** Takes the only response. */
  readonly respond?: sendUnaryData<Buffer>;
}

const cancelled: Status = { code: Code.CANCELLED, message: "the caller cancelled the call", metadata: undefined };
const timeUp: Status = { code: Code.DEADLINE_EXCEEDED, message: "deadline exceeded", metadata: undefined };

export class GrpcJsServerStream implements ServerStream, UnsentCall, Linked<GrpcJsServerStream> {
  readonly #parts: CallParts;
  readonly #method: ServedMethod;
  #listener: ServerListener | undefined;
  #requests: RequestReader | undefined;
  #metadata: Metadata | undefined;
  #deadlineTimer: LongTimer | undefined;
  /** Requests that were asked for before there was somebody to hear of them. */
  #wanted = 0;
  /** Whether the only request has been handed on. */
  #delivered = false;
  /** Whether its status has been given, or never will be. */
  over = false;
  readonly deadline: number;
  readonly peer: string;
  previous: GrpcJsServerStream | undefined = undefined;
  next: GrpcJsServerStream | undefined = undefined;

  /** @param onGone is called once the call has ended and its status has been sent, or never will be. */
  constructor(parts: CallParts, method: ServedMethod, onGone: (call: GrpcJsServerStream) => void) {
    this.#parts = parts;
    this.#method = method;
    const { surface } = parts;
    const deadline = surface.getDeadline();
    this.deadline = deadline instanceof Date ? deadline.getTime() : deadline;
    this.peer = bracketed(surface.getPeer());
    surface.on("cancelled", () => {
      this.#cancel();
      onGone(this);
    });
  }

  open(): void {
    const { surface, readable, request, writable } = this.#parts;
    const method = this.#method;
    const listener = request !== undefined && !method.early ? method.answer(this, request, false) : method.open(this);
    this.#listener = listener;
    if (this.over) return;
    // grpc-js has this timer, too, but tells of it only once all that was written has been read by the peer.
    if (this.deadline !== Number.POSITIVE_INFINITY) {
      this.#deadlineTimer = new LongTimer(() => this.#cancel(), Math.max(this.deadline - Date.now(), 0));
    }
    writable?.on("drain", () => {
      if (!this.over) listener.onDrain();
    });
    if (readable !== undefined) this.#requests = new RequestReader(readable, listener, surface.metadata);
    for (let i = 0; i < this.#wanted; i++) this.pull();
  }

  get path(): string {
    return this.#method.path;
  }

  get metadata(): Metadata {
    this.#metadata ??= copyOf(this.#parts.surface.metadata, isRequestMetadata);
    return this.#metadata;
  }

  get clientCertificate(): ClientCertificate | undefined {
    const { surface } = this.#parts;
    // Versions before 1.14 do not have it.
    if (typeof surface.getAuthContext !== "function") throw unsupportedCertificates();
    return clientCertificate(surface.getAuthContext().sslPeerCertificate);
  }

  accepts(compression: Compression): boolean {
    return compression === "identity";
  }

  pull(): void {
    if (this.over) return;
    if (this.#listener === undefined) this.#wanted++;
    else if (this.#requests !== undefined) this.#requests.pull();
    else this.#deliverOnly(this.#listener);
  }

  /** Of a call that was opened by its header, though grpc-js hands it over with its request. */
  #deliverOnly(listener: ServerListener): void {
    const { request } = this.#parts;
    if (request === undefined || this.#delivered) return;
    this.#delivered = true;
    queueMicrotask(() => {
      if (!this.over) listener.onMessage(request, false);
      if (!this.over) listener.onHalfClose();
    });
  }

  sendHeader(header: Metadata | undefined): void {
    if (!this.over) this.#parts.surface.sendMetadata(header === undefined ? new GrpcMetadata() : toGrpcJs(header));
  }

  send(message: Buffer): boolean {
    return this.over || (this.#parts.writable?.write(message) ?? true);
  }

  end(status: Status | undefined, response: Buffer | undefined): void {
    if (this.over) return;
    this.#end();
    const { respond, writable } = this.#parts;
    const { code, message, metadata } = fitStatus(status ?? ok);
    const trailer = metadata && toGrpcJs(metadata);
    if (code === Code.OK) {
      respond?.(null, response ?? null, trailer);
      writable?.end(trailer);
      return;
    }
    const failure = { code, details: message, metadata: trailer ?? new GrpcMetadata() };
    respond?.(failure);
    // How grpc-js takes the status of a stream: it writes what is still to be written, then this.
    writable?.emit("error", failure);
  }

  /** grpc-js says "cancelled" at the end of every call; of one that has not ended here, it is the caller, or the deadline. */
  #cancel(): void {
    if (this.over) return;
    this.#end();
    // Timers are up to a millisecond early.
    this.#listener?.onCancel(this.deadline - Date.now() <= 1 ? timeUp : cancelled);
  }

  #end(): void {
    this.over = true;
    this.#deadlineTimer?.clear();
    this.#requests?.close();
  }
}

const ok: Status = { code: Code.OK, message: "", metadata: undefined };

/** grpc-js writes an IPv6 peer without brackets, `::1:50051`. */
function bracketed(peer: string): string {
  const colon = peer.lastIndexOf(":");
  return colon === -1 ? peer : hostPort(peer.slice(0, colon), Number(peer.slice(colon + 1)));
}
