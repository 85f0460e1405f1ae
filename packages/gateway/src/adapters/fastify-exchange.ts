// A request and a response of Fastify.
import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ResponseHeaders } from "../http/message.ts";
import { addHeaders } from "../http-exchange.ts";
import { NodeRequest } from "./node-request.ts";
import { NodeResponse } from "./node-response.ts";
import { Proxies } from "./proxies.ts";

const noProxies = new Proxies();

/** A request, as Fastify sees it: with its `trustProxy`, its `request.id`, and the body of its hooks. */
export class FastifyHttpRequest extends NodeRequest {
  readonly #request: FastifyRequest;

  constructor(request: FastifyRequest, response: NodeResponse, prefix: string) {
    super(request.raw, response, noProxies, prefix);
    this.#request = request;
  }

  override get addresses(): readonly string[] {
    const { ips, ip } = this.#request;
    // Fastify has `ips` with `trustProxy` only: from the peer to the first address that is not trusted.
    return ips?.toReversed() ?? [ip];
  }

  override get host(): string {
    return this.#request.host;
  }

  override get scheme(): "http" | "https" {
    return this.#request.protocol;
  }

  override get requestId(): string {
    return this.#request.id;
  }

  override get body(): Readable | undefined {
    const { body, raw } = this.#request;
    // A hook may have replaced it, such as one that decompresses it.
    return body instanceof Readable && body !== raw ? body : super.body;
  }
}

/** A response that has the headers of the reply, too: hooks have set them. */
export class FastifyHttpResponse extends NodeResponse {
  readonly #reply: FastifyReply;

  constructor(reply: FastifyReply) {
    super(reply.request.raw, reply.raw, false);
    this.#reply = reply;
  }

  override send(status: number, headers: ResponseHeaders, body?: string | Uint8Array): void {
    super.send(status, this.#with(headers), body);
  }

  override start(status: number, headers: ResponseHeaders): void {
    super.start(status, this.#with(headers));
  }

  #with(headers: ResponseHeaders): ResponseHeaders {
    const all: Record<string, string | readonly string[]> = {};
    for (const [name, value] of Object.entries(this.#reply.getHeaders())) {
      if (value !== undefined) all[name] = typeof value === "number" ? String(value) : value;
    }
    addHeaders(all, headers);
    return all;
  }
}
