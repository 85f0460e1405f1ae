// A response of node:http, or of the compatibility API of node:http2.
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { HttpResponse, ResponseHeaders } from "../http/message.ts";
import { acceptsTrailers, isBodiless, isConnectionHeader } from "./response-headers.ts";

export class NodeResponse implements HttpResponse {
  started = false;
  /** Whether the client still waits for 100 (Continue). */
  awaitsContinue: boolean;
  readonly #request: IncomingMessage | Http2ServerRequest;
  readonly #raw: ServerResponse | Http2ServerResponse;
  readonly #stream: ServerHttp2Stream | undefined;
  /** Whether the response has no body: Node does not know it of all its responses. */
  #bodiless: boolean;
  #onClose: ((complete: boolean) => void) | undefined;
  #aborted = false;
  /** Set once the exchange is over. */
  #complete: boolean | undefined;
  #full = false;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(request: IncomingMessage | Http2ServerRequest, raw: ServerResponse | Http2ServerResponse, awaitsContinue: boolean) {
    this.#request = request;
    this.#raw = raw;
    this.#stream = "stream" in raw ? raw.stream : undefined;
    this.#bodiless = request.method === "HEAD";
    this.awaitsContinue = awaitsContinue;
    // A response to HEAD has no event if it is sent in parts, so the stream tells. `on`, because
    // `once` would allocate another function.
    (this.#stream ?? raw).on("close", () => this.#close());
    // A framework may have waited for something else before.
    if ((this.#stream ?? raw).destroyed) process.nextTick(() => this.#close());
  }

  get closed(): boolean {
    return this.#aborted || this.#complete !== undefined || (this.#stream ?? this.#raw).destroyed;
  }

  get onClose(): ((complete: boolean) => void) | undefined {
    return this.#onClose;
  }

  set onClose(listener: ((complete: boolean) => void) | undefined) {
    this.#onClose = listener;
    const complete = this.#complete;
    if (complete !== undefined) process.nextTick(() => listener?.(complete));
  }

  send(status: number, headers: ResponseHeaders, body: string | Uint8Array = ""): void {
    if (this.started || this.closed) return;
    if (isBodiless(status)) this.#writeHead(status, headers);
    else this.#writeHead(status, headers, typeof body === "string" ? Buffer.byteLength(body) : body.length);
    // Node sends the head and the body in one write.
    if (this.#bodiless || body.length === 0) this.#raw.end();
    else this.#raw.end(body);
  }

  start(status: number, headers: ResponseHeaders): void {
    if (this.started || this.closed) return;
    this.#writeHead(status, headers);
    const raw = this.#raw;
    // Node's HTTP/2 has sent them.
    if ("stream" in raw) return;
    corkForTurn(raw.socket);
    raw.flushHeaders();
  }

  write(chunk: string | Uint8Array): boolean {
    if (this.#bodiless || !this.started || this.closed) return true;
    if (write(this.#raw, chunk)) return true;
    if (this.#room === undefined) {
      this.#room = Promise.withResolvers();
      this.#raw.on("drain", () => this.#makeRoom());
    } else if (!this.#full) this.#room = Promise.withResolvers();
    this.#full = true;
    return false;
  }

  drained(): Promise<void> {
    return this.#full && this.#room !== undefined && !this.closed ? this.#room.promise : Promise.resolve();
  }

  end(trailers?: ResponseHeaders): void {
    if (!this.started || this.closed) return;
    const raw = this.#raw;
    if (trailers !== undefined && !this.#bodiless && acceptsTrailers(String(this.#request.headers.te))) raw.addTrailers(toNode(trailers));
    raw.end();
  }

  abort(): void {
    if (this.#aborted || this.#complete !== undefined) return;
    this.#aborted = true;
    const { socket } = this.#request;
    // Destroying the stream would end it with NO_ERROR, and the response would look complete.
    if (this.#stream !== undefined) this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    // An injected request has a socket without `destroy`.
    else if ("destroy" in socket) cutOff(socket, this.#request.httpVersionMinor === 0);
    else this.#raw.destroy();
  }

  /** Sends 100 (Continue) if the client waits for it. */
  sendContinue(): void {
    if (!this.awaitsContinue || this.started || this.closed) return;
    this.awaitsContinue = false;
    this.#raw.writeContinue();
  }

  #writeHead(status: number, headers: ResponseHeaders, length?: number): void {
    const raw = this.#raw;
    if (isBodiless(status)) this.#bodiless = true;
    if ("stream" in raw) {
      const fields = toNode(headers);
      for (const name in fields) if (isConnectionHeader(name)) delete fields[name];
      if (length !== undefined) fields["content-length"] = length;
      raw.writeHead(status, fields);
    } else {
      const fields: OutgoingHttpHeader[] = [];
      for (const name in headers) {
        const value = headers[name];
        if (value !== undefined) fields.push(name, typeof value === "string" ? value : [...value]);
      }
      if (length !== undefined) fields.push("content-length", length);
      // Without 100, the client may or may not send the body (RFC 9110, section 10.1.1), so the
      // connection cannot be reused.
      if (this.awaitsContinue && headers["connection"] === undefined) fields.push("connection", "close");
      raw.writeHead(status, fields);
    }
    this.started = true;
  }

  #close(): void {
    if (this.#complete !== undefined) return;
    const stream = this.#stream;
    // Node also ends an HTTP/2 response normally when its stream is reset.
    this.#complete = !this.#aborted && this.#raw.writableFinished && (stream === undefined || !stream.aborted);
    this.#makeRoom();
    this.#onClose?.(this.#complete);
  }

  #makeRoom(): void {
    this.#full = false;
    this.#room?.resolve();
  }
}

/**
 * Closes a connection within a response.
 *
 * @param endsBody whether the end of the connection is the end of the body, as in HTTP/1.0. A reset is
 *   none. TLS has an end of its own, which is not sent here.
 */
function cutOff(socket: Socket, endsBody: boolean): void {
  if (endsBody && !("encrypted" in socket) && socket.remoteAddress !== undefined) socket.resetAndDestroy();
  else socket.destroy();
}

/** The two overloads of `write` differ in the callback only. */
function write(raw: ServerResponse | Http2ServerResponse, chunk: string | Uint8Array): boolean {
  return "stream" in raw ? raw.write(chunk) : raw.write(chunk);
}

function toNode(headers: ResponseHeaders): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) fields[name] = typeof value === "string" ? value : [...value];
  }
  return fields;
}

/** Sends what is written in this turn of the event loop in one write. */
function corkForTurn(socket: Socket | null): void {
  if (socket === null || socket.writableCorked > 0) return;
  socket.cork();
  setImmediate(uncork, socket);
}

function uncork(socket: Socket): void {
  socket.uncork();
}
