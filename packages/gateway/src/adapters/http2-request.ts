// A request on a stream of the HTTP/2 engine.
import type { Duplex, Readable } from "node:stream";
import type { HeaderList, Stream } from "@grpc-study/rpc/transport";
import type { HttpRequest, RequestHeaders } from "../http/message.ts";
import { requestIdFrom } from "../http/request-id.ts";
import type { Http2Response } from "./http2-response.ts";
import type { Proxies } from "./proxies.ts";
import { splitTarget } from "./target.ts";

/** What a header list says. A repeated request arrives as the same list, so it is read once. */
class RequestHead {
  readonly path: string;
  readonly query: string;
  readonly headers: RequestHeaders;

  constructor(list: HeaderList) {
    const { path, query, host: target } = splitTarget(list.path ?? "/", "");
    this.path = path;
    this.query = query;
    const headers: { [name: string]: string | undefined } = { __proto__: null } as never;
    for (let index = list.regularStart; index < list.flat.length; index += 2) {
      const name = list.flat[index] as string;
      // gRPC peers send values with spaces at the ends, and the engine keeps them.
      const value = (list.flat[index + 1] as string).trim();
      const before = headers[name];
      // RFC 9113, section 8.2.3.
      headers[name] = before === undefined ? value : before + (name === "cookie" ? "; " : ", ") + value;
    }
    // The engine rejects requests with different hosts.
    const host = target ?? list.authority ?? headers["host"];
    if (host !== undefined) headers["host"] = host;
    this.headers = headers;
  }
}

export class Http2Request implements HttpRequest {
  readonly method: string;
  readonly version = 2;
  /** The engine rejects what is malformed. */
  readonly problem = undefined;
  readonly #stream: Stream;
  readonly #head: RequestHead;
  readonly #response: Http2Response;
  readonly #proxies: Proxies;
  #addresses: readonly string[] | undefined;
  #requestId: string | undefined;

  constructor(stream: Stream, list: HeaderList, response: Http2Response, proxies: Proxies) {
    this.#stream = stream;
    if (!(list.memo instanceof RequestHead)) list.memo = new RequestHead(list);
    this.#head = list.memo as RequestHead;
    this.method = list.method ?? "";
    this.#response = response;
    this.#proxies = proxies;
  }

  get path(): string {
    return this.#head.path;
  }

  get query(): string {
    return this.#head.query;
  }

  get headers(): RequestHeaders {
    return this.#head.headers;
  }

  get addresses(): readonly string[] {
    this.#addresses ??= this.#proxies.addresses(this.#peer, this.headers);
    return this.#addresses;
  }

  get host(): string {
    return this.#proxies.host(this.#peer, this.headers);
  }

  get scheme(): "http" | "https" {
    return this.#proxies.scheme(this.#peer, this.headers, "encrypted" in this.#stream.connection.socket);
  }

  get requestId(): string {
    this.#requestId ??= requestIdFrom(this.headers);
    return this.#requestId;
  }

  get awaitsContinue(): boolean {
    return this.#response.awaitsContinue;
  }

  get body(): Readable | undefined {
    return this.#response.requestBody();
  }

  get #peer(): string {
    return peerAddress(this.#stream.connection.socket);
  }
}

/**
 * The address of the peer. Node keeps it for the time after the connection if it was read before.
 * A Unix domain socket has none.
 */
export function peerAddress(socket: Duplex): string {
  return (socket as { readonly remoteAddress?: string }).remoteAddress ?? "unknown";
}
