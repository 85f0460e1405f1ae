// Cross-Origin Resource Sharing (https://fetch.spec.whatwg.org/#http-cors-protocol).
import { METHODS } from "node:http";
import type { ResponseFilter } from "./exchange.ts";
import type { HttpRequest } from "./http/message.ts";
import { addHeader, type HttpExchange } from "./http-exchange.ts";
import type { Binding } from "./http-rule/rule.ts";
import type { CorsOptions } from "./options.ts";
import type { Protocol } from "./protocols.ts";

/** What CORS depends on besides its options. */
export interface CorsContext {
  readonly protocols: readonly Protocol[];
  /** Response metadata that becomes headers of the same name. */
  readonly responseHeaders: readonly string[];
}

/**
 * For requests with credentials, `*` is a literal name, so the names that a client needs are listed
 * as well. The names of other metadata depend on the upstream.
 */
const exposed: Readonly<Record<Protocol, readonly string[]>> = {
  rest: ["retry-after"],
  connect: ["connect-content-encoding", "content-encoding"],
  "grpc-web": ["grpc-status", "grpc-message", "grpc-status-details-bin"],
  grpc: [],
};

/** Headers of a preflight's answer that depend on the request, for caches. */
const preflightVary = "access-control-request-method, access-control-request-headers";

/** Answers preflight requests, and adds the headers of CORS to responses. */
export class Cors {
  readonly #options: CorsOptions;
  readonly #all: boolean;
  readonly #exposed: string;

  constructor(options: CorsOptions, { protocols, responseHeaders }: CorsContext) {
    const { origin, exposedHeaders = [] } = options;
    const origins = typeof origin === "string" ? [origin] : origin;
    this.#options = options;
    this.#all = origins.includes("*");
    const names = ["*", "x-request-id", ...protocols.flatMap((protocol) => exposed[protocol]), ...responseHeaders, ...exposedHeaders];
    this.#exposed = [...new Set(names.map((name) => name.toLowerCase()))].join(", ");
  }

  /** Adds the headers of CORS to a response. */
  readonly filter: ResponseFilter = ({ headers: { origin } }, headers) => {
    if (!this.#all) addHeader(headers, "vary", "origin");
    if (!this.#allows(origin)) return;
    headers["access-control-allow-origin"] = this.#all ? "*" : (origin ?? "");
    headers["access-control-expose-headers"] = this.#exposed;
  };

  /** Answers a preflight request. */
  answer(exchange: HttpExchange, methods: readonly string[]): void {
    const { request, headers } = exchange;
    addHeader(headers, "vary", preflightVary);
    if (this.#allows(request.headers.origin)) {
      const { allowedHeaders, maxAgeSeconds } = this.#options;
      delete headers["access-control-expose-headers"];
      headers["access-control-allow-methods"] = methods.join(", ");
      const names = allowedHeaders?.join(", ") ?? request.headers["access-control-request-headers"];
      if (names) headers["access-control-allow-headers"] = names;
      if (maxAgeSeconds !== undefined) headers["access-control-max-age"] = String(maxAgeSeconds);
    }
    exchange.send(204);
  }

  #allows(origin: string | undefined): boolean {
    return this.#all || (origin !== undefined && this.#options.origin.includes(origin));
  }
}

/** Whether a browser asks what a page may send. */
export function isPreflight({ method, headers }: HttpRequest): boolean {
  return method === "OPTIONS" && headers.origin !== undefined && headers["access-control-request-method"] !== undefined;
}

/** The HTTP methods of bindings, for CORS. Browsers never send TRACE and CONNECT. */
export function corsMethods(bindings: readonly Binding[]): readonly string[] {
  const usual = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"];
  const custom = bindings.flatMap(({ verb }) => (verb === "*" ? METHODS.filter((method) => !/^(?:TRACE|CONNECT)$/.test(method)) : verb));
  return [...new Set([...usual, ...custom])];
}
