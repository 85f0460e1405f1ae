// A web Response, as the gateway writes it.
import type { Readable } from "node:stream";
import type { HttpResponse, ResponseHeaders } from "../http/message.ts";

/** Maximum number of bytes that wait for the reader before `write` returns false. */
const window = 64 * 1024;
/** Statuses whose responses have no body (https://fetch.spec.whatwg.org/#null-body-status). */
const bodiless = new Set([101, 103, 204, 205, 304]);
/** Headers of a connection, which only the server may send. */
const connectionHeaders = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade"]);
/** nginx's status for a client that has gone. No client receives it. */
const clientClosedRequest = 499;

const encoder = new TextEncoder();

export class WebResponse implements HttpResponse {
  readonly #bodiless: boolean;
  readonly #body: Readable | undefined;
  readonly #signal: AbortSignal;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: unknown) => void;
  readonly #left = () => this.#leave(this.#signal.reason);
  #onClose: ((complete: boolean) => void) | undefined;
  #complete: boolean | undefined;
  #notified = false;
  started = false;
  closed = false;

  /** The chunks that the reader has not asked for. */
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** Ends the pending `pull` of the stream. */
  #wanted: (() => void) | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  /**
   * @param body the request's, which ends with the exchange.
   * @param signal aborts when the client goes away.
   */
  constructor(
    method: string,
    body: Readable | undefined,
    signal: AbortSignal,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ) {
    this.#bodiless = method === "HEAD";
    this.#body = body;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    // Without a listener, an error of the body that nobody reads would be thrown.
    body?.on("error", () => {});
    signal.addEventListener("abort", this.#left, { once: true });
    if (signal.aborted) this.#leave(signal.reason);
  }

  get onClose(): ((complete: boolean) => void) | undefined {
    return this.#onClose;
  }

  set onClose(listener: ((complete: boolean) => void) | undefined) {
    this.#onClose = listener;
    this.#notify();
  }

  send(status: number, headers: ResponseHeaders, body: string | Uint8Array = ""): void {
    if (this.started || this.closed) return;
    this.started = true;
    const bytes = typeof body === "string" ? encoder.encode(body) : new Uint8Array(body);
    const fields = fieldsOf(headers);
    const empty = bodiless.has(status);
    if (!empty) fields.set("content-length", String(bytes.length));
    this.#resolve(new Response(empty || this.#bodiless ? null : bytes, { status, headers: fields }));
    this.#close(true);
  }

  start(status: number, headers: ResponseHeaders): void {
    if (this.started || this.closed) return;
    this.started = true;
    const fields = fieldsOf(headers);
    if (this.#bodiless || bodiless.has(status)) {
      this.#resolve(new Response(null, { status, headers: fields }));
      return;
    }
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#stream = controller;
        },
        pull: () => this.#pull(),
        cancel: (reason) => this.#leave(reason),
      },
      // The stream has no queue of its own, so that `pull` means that someone reads.
      { highWaterMark: 0 },
    );
    this.#resolve(new Response(stream, { status, headers: fields }));
  }

  write(chunk: string | Uint8Array): boolean {
    if (this.closed || this.#ended || this.#stream === undefined || chunk.length === 0) return true;
    const bytes = typeof chunk === "string" ? encoder.encode(chunk) : chunk;
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
    this.#deliver();
    return this.#bytes < window;
  }

  drained(): Promise<void> {
    if (this.closed || this.#bytes < window) return Promise.resolve();
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  end(): void {
    if (this.closed || this.#ended || !this.started) return;
    this.#ended = true;
    if (this.#stream === undefined) this.#close(true);
    else if (this.#chunks.length === 0) this.#finish(this.#stream);
  }

  abort(): void {
    if (this.closed) return;
    const error = new Error("the gateway aborted the response");
    if (!this.started) this.#reject(error);
    this.#fail(error);
  }

  /** The client has gone. */
  #leave(reason: unknown): void {
    if (this.closed) return;
    if (!this.started) this.#resolve(new Response(null, { status: clientClosedRequest }));
    this.#fail(reason);
  }

  #fail(reason: unknown): void {
    // Does nothing if the reader has cancelled the stream.
    this.#stream?.error(reason);
    this.#close(false);
  }

  #pull(): Promise<void> | undefined {
    if (this.#chunks.length === 0) {
      return new Promise((resolve) => {
        this.#wanted = resolve;
      });
    }
    this.#enqueue();
    return undefined;
  }

  #deliver(): void {
    if (this.#wanted === undefined) return;
    const wanted = this.#wanted;
    this.#wanted = undefined;
    this.#enqueue();
    wanted();
  }

  /** Gives the next chunk to the reader, who has asked for it. */
  #enqueue(): void {
    const chunk = this.#chunks.shift();
    if (this.#stream === undefined || chunk === undefined) return;
    this.#stream.enqueue(chunk);
    this.#bytes -= chunk.length;
    if (this.#bytes < window) this.#makeRoom();
    if (this.#ended && this.#chunks.length === 0) this.#finish(this.#stream);
  }

  #finish(stream: ReadableStreamDefaultController<Uint8Array>): void {
    stream.close();
    this.#close(true);
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #close(complete: boolean): void {
    if (this.closed) return;
    this.closed = true;
    this.#complete = complete;
    this.#chunks.length = 0;
    this.#wanted?.();
    this.#makeRoom();
    this.#signal.removeEventListener("abort", this.#left);
    // An incomplete body must fail for the one who reads it. A complete exchange discards the rest.
    if (this.#body !== undefined && !this.#body.readableEnded) this.#body.destroy(complete ? undefined : new Error("the client has gone"));
    this.#notify();
  }

  /** Calls `onClose` once the exchange is over and it has been set. */
  #notify(): void {
    const [listener, complete] = [this.#onClose, this.#complete];
    if (this.#notified || listener === undefined || complete === undefined) return;
    this.#notified = true;
    queueMicrotask(() => listener(complete));
  }
}

function fieldsOf(headers: ResponseHeaders): Headers {
  const fields = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (connectionHeaders.has(name)) continue;
    if (typeof value === "string") fields.set(name, value);
    else for (const one of value) fields.append(name, one);
  }
  return fields;
}
