// A response on a stream of the HTTP/2 engine. Also receives the request body, because the engine has
// one handler for each stream.
import type { Readable } from "node:stream";
import { ErrorCode, HeaderList, type Stream, type StreamHandler, type StreamReset } from "@grpc-study/rpc/transport";
import type { HttpResponse, ResponseHeaders } from "../http/message.ts";
import { Http2Body, ReceivedBytes } from "./http2-body.ts";
import { acceptsTrailers, isBodiless, isConnectionHeader } from "./response-headers.ts";

const continueList = HeaderList.response(100);
const nothing = Buffer.alloc(0);

export class Http2Response implements HttpResponse, StreamHandler {
  started = false;
  closed = false;
  /** Whether the client still waits for 100 (Continue). */
  awaitsContinue: boolean;
  readonly #stream: Stream;
  readonly #request: HeaderList;
  readonly #received: ReceivedBytes | undefined;
  #body: Http2Body | undefined;
  /** Whether the response has no body. */
  #bodiless: boolean;
  #onClose: ((complete: boolean) => void) | undefined;
  /** Whether the whole response was sent. Set once the exchange is over. */
  #complete: boolean | undefined;
  /** Whether written bytes wait. `onDrain` follows. */
  #full = false;
  /** Whether the response ends once the written bytes have been sent. */
  #ending = false;
  #trailers: HeaderList | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  /** @param endStream whether the request has no body. */
  constructor(stream: Stream, request: HeaderList, endStream: boolean) {
    this.#stream = stream;
    this.#request = request;
    this.#received = endStream ? undefined : new ReceivedBytes();
    this.#bodiless = request.method === "HEAD";
    this.awaitsContinue = !endStream && /^100-continue$/i.test(request.get("expect") ?? "");
  }

  get onClose(): ((complete: boolean) => void) | undefined {
    return this.#onClose;
  }

  set onClose(listener: ((complete: boolean) => void) | undefined) {
    this.#onClose = listener;
    if (this.#complete !== undefined) this.#announce();
  }

  send(status: number, headers: ResponseHeaders, body: string | Uint8Array = nothing): void {
    if (this.started || this.closed) return;
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    const bodiless = isBodiless(status);
    this.#begin(status, headers, bodiless ? undefined : bytes.length, bodiless || bytes.length === 0 || this.#bodiless);
    // The engine sends the header list and the body in one write.
    this.write(bytes);
    this.end();
  }

  start(status: number, headers: ResponseHeaders): void {
    if (this.started || this.closed) return;
    if (isBodiless(status)) this.#bodiless = true;
    this.#begin(status, headers, undefined, false);
  }

  write(chunk: string | Uint8Array): boolean {
    if (this.#bodiless || !this.started || this.closed || this.#ending || chunk.length === 0) return true;
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    if (this.#stream.write(bytes)) return true;
    // The engine may have reset the stream.
    if (this.closed) return true;
    this.#full = true;
    return false;
  }

  drained(): Promise<void> {
    if (!this.#full || this.closed) return Promise.resolve();
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  end(trailers?: ResponseHeaders): void {
    if (!this.started || this.closed || this.#ending) return;
    if (trailers !== undefined && !this.#bodiless && acceptsTrailers(this.#request.get("te"))) {
      this.#trailers = HeaderList.trailers(fieldsOf(trailers));
    }
    this.#ending = true;
    if (!this.#full) this.#end();
  }

  abort(): void {
    this.#stream.reset(ErrorCode.INTERNAL_ERROR);
    this.#close(false);
  }

  /** The body of the request, which is created on first access. */
  requestBody(): Readable | undefined {
    if (this.#received === undefined) return undefined;
    if (this.#body === undefined) {
      this.#body = new Http2Body(this.#stream, this.#received, () => this.#sendContinue());
      if (this.#complete === true) this.#body.destroy();
      else if (this.#complete === false) this.#body.cutOff();
    }
    return this.#body;
  }

  // Called by the engine.

  onData(data: Buffer, endStream: boolean): void {
    if (this.#received === undefined) return;
    this.#received.ended = endStream;
    if (this.#body === undefined) this.#received.add(data);
    else this.#body.receive(data);
  }

  onTrailers(): void {
    this.onData(nothing, true);
  }

  onDrain(): void {
    this.#full = false;
    if (this.#ending) this.#end();
    else this.#makeRoom();
  }

  onReset(_reset: StreamReset): void {
    this.#close(false);
  }

  #sendContinue(): void {
    if (!this.awaitsContinue || this.started || this.closed) return;
    this.awaitsContinue = false;
    this.#stream.sendHeaders(continueList);
  }

  /** @param complete whether the headers end the stream. */
  #begin(status: number, headers: ResponseHeaders, length: number | undefined, complete: boolean): void {
    const fields = fieldsOf(headers);
    if (length !== undefined) fields.push(["content-length", String(length)]);
    const list = HeaderList.response(status, fields);
    if (complete) this.#bodiless = true;
    this.started = true;
    this.#stream.sendHeaders(list, complete);
  }

  #end(): void {
    const stream = this.#stream;
    if (this.#trailers !== undefined) stream.sendTrailers(this.#trailers);
    else stream.end();
    this.#close(true);
  }

  #close(complete: boolean): void {
    if (this.closed) return;
    this.closed = true;
    this.#complete = complete;
    // The engine discards the rest of a request whose response is complete.
    if (complete && this.#received?.ended === false) this.#body?.destroy();
    else this.#body?.cutOff();
    this.#makeRoom();
    if (this.#onClose !== undefined) this.#announce();
  }

  /** Calls `onClose` after the call that has ended the exchange. */
  #announce(): void {
    queueMicrotask(() => this.#onClose?.(this.#complete === true));
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}

function fieldsOf(headers: ResponseHeaders): [name: string, value: string][] {
  const fields: [name: string, value: string][] = [];
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || isConnectionHeader(name)) continue;
    if (typeof value === "string") fields.push([name, value]);
    else for (const one of value) fields.push([name, one]);
  }
  return fields;
}
