// A request of node:http, or of the compatibility API of node:http2.
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { Readable } from "node:stream";
import { Code } from "@grpc-study/rpc";
import { HttpError } from "../http/errors.ts";
import type { HttpRequest, RequestHeaders } from "../http/message.ts";
import { requestIdFrom } from "../http/request-id.ts";
import type { NodeResponse } from "./node-response.ts";
import type { Proxies } from "./proxies.ts";
import { splitTarget } from "./target.ts";
import { WrappedBody } from "./wrapped-body.ts";

/** RFC 9112, section 3.2; RFC 9113, section 8.3.1. */
const severalHosts = new HttpError(400, Code.INVALID_ARGUMENT, "the request has more than one host", { connection: "close" });

export class NodeRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: RequestHeaders;
  readonly version: 1 | 2;
  readonly #raw: IncomingMessage | Http2ServerRequest;
  readonly #response: NodeResponse;
  readonly #proxies: Proxies;
  #peer: string | undefined;
  #secure: boolean | undefined;
  #addresses: readonly string[] | undefined;
  #requestId: string | undefined;
  #body: Readable | undefined;

  constructor(raw: IncomingMessage | Http2ServerRequest, response: NodeResponse, proxies: Proxies, prefix: string) {
    this.#raw = raw;
    this.#response = response;
    this.#proxies = proxies;
    this.version = raw.httpVersionMajor >= 2 ? 2 : 1;
    this.method = raw.method ?? "";
    const { path, query, host } = splitTarget(raw.url ?? "/", prefix);
    this.path = path;
    this.query = query;
    // Only `set-cookie` is an array, which requests do not have.
    const headers = raw.headers as RequestHeaders;
    if ("stream" in raw) {
      this.headers = withoutPseudoHeaders(headers);
      // The socket is not available after the end of the stream.
      this.#peer = raw.socket.remoteAddress ?? "unknown";
      this.#secure = raw.stream.session?.encrypted === true;
    } else this.headers = host === undefined ? headers : { ...headers, host };
  }

  get addresses(): readonly string[] {
    this.#addresses ??= this.#proxies.addresses(this.#peerAddress(), this.headers);
    return this.#addresses;
  }

  get host(): string {
    return this.#proxies.host(this.#peerAddress(), this.headers);
  }

  get scheme(): "http" | "https" {
    return this.#proxies.scheme(this.#peerAddress(), this.headers, this.#secure ?? "encrypted" in this.#raw.socket);
  }

  get requestId(): string {
    this.#requestId ??= requestIdFrom(this.headers);
    return this.#requestId;
  }

  get awaitsContinue(): boolean {
    return this.#response.awaitsContinue;
  }

  get body(): Readable | undefined {
    this.#body ??= this.#openBody();
    return this.#body;
  }

  get problem(): HttpError | undefined {
    const raw = this.#raw;
    if (this.version === 1) return countHosts(raw.rawHeaders) > 1 ? severalHosts : undefined;
    const { ":authority": authority, host = authority } = raw.headers;
    return authority !== undefined && authority !== host ? severalHosts : undefined;
  }

  /** The address of the peer. The socket of an injected request, and a Unix domain socket, may have none. */
  #peerAddress(): string {
    this.#peer ??= this.#raw.socket.remoteAddress ?? "unknown";
    return this.#peer;
  }

  #openBody(): Readable | undefined {
    const raw = this.#raw;
    if (!hasBody(raw)) return undefined;
    const response = this.#response;
    const stream = "stream" in raw ? raw.stream : undefined;
    if (stream === undefined && !response.awaitsContinue) return raw;
    return new WrappedBody(
      raw,
      () => response.sendContinue(),
      () => stream !== undefined && (stream.aborted || stream.rstCode !== 0),
    );
  }
}

/** An empty body without a type is no body. */
function hasBody(raw: IncomingMessage | Http2ServerRequest): boolean {
  if ("stream" in raw) return !raw.stream.endAfterHeaders;
  const { "transfer-encoding": coding, "content-length": length, "content-type": type } = raw.headers;
  return coding !== undefined || (length !== undefined && (length !== "0" || type !== undefined));
}

function withoutPseudoHeaders(headers: RequestHeaders): RequestHeaders {
  const { ":authority": authority } = headers;
  const regular = Object.entries(headers).filter(([name]) => !name.startsWith(":"));
  return { ...(authority === undefined ? {} : { host: authority }), ...Object.fromEntries(regular) };
}

/** Node only keeps the first `host` in `headers`. */
function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === "host") count++;
  }
  return count;
}
