// The gateway as a fetch handler: takes a web Request and returns a web Response. For Hono, Bun, Deno
// and workers, and for tests without a server.
import type { Readable } from "node:stream";
import type { HttpHandler, HttpRequest, RequestHeaders } from "../http/message.ts";
import { requestIdFrom } from "../http/request-id.ts";
import { WebBody } from "./web-body.ts";
import { WebResponse } from "./web-response.ts";

export interface FetchOptions {
  /**
   * The address of the client, for `maxCallsPerAddress` and `x-forwarded-for`. A Request does not have
   * it. Default: `unknown`, so that all clients count as one.
   */
  readonly address?: ((request: Request) => string) | undefined;
}

/**
 * Has the parameters of the global `fetch`. A text that starts with a slash is a path of
 * `http://localhost`.
 *
 * The promise rejects if the gateway aborts the call before it has a status, and with a TypeError if
 * the body of the request has already been read. It resolves with the status 499 if the request's
 * signal is aborted before the response has a status.
 */
export interface Fetch {
  /** Servers pass more arguments, such as a worker's environment. */
  (request: Request, ...ignored: readonly unknown[]): Promise<Response>;
  (input: Request | URL | string, init?: RequestInit): Promise<Response>;
}

/** Makes a fetch handler of a handler. */
export function fetchHandler(handler: HttpHandler, { address = () => "unknown" }: FetchOptions = {}): Fetch {
  return async (input: Request | URL | string, init?: unknown) => {
    const request = requestOf(input, init as RequestInit | undefined);
    if (request.bodyUsed) throw new TypeError("the body of the request has already been read: pass a clone of the request");
    const body = request.body ? new WebBody(request.body) : undefined;
    const message = read(request, body, address(request));
    return new Promise((resolve, reject) => {
      handler(message, new WebResponse(message.method, body, request.signal, resolve, reject));
    });
  };
}

const base = "http://localhost";

function requestOf(input: Request | URL | string, init: RequestInit | undefined): Request {
  // A Request of another realm or library is not an instance of this one.
  if (typeof input === "object" && "headers" in input) return input;
  return new Request(typeof input === "string" && input.startsWith("/") ? base + input : input, init);
}

function read({ method, url, headers }: Request, body: Readable | undefined, address: string): HttpRequest {
  const { pathname, search, protocol, host } = new URL(url);
  // A Request of one's own has no `host`.
  const fields: RequestHeaders = { host, ...Object.fromEntries(headers) };
  return {
    method,
    path: pathname,
    query: search.slice(1),
    headers: fields,
    // A Request does not have the version. The gateway sends no `connection` header with this one.
    version: 2,
    scheme: protocol === "https:" ? "https" : "http",
    host,
    addresses: [address],
    requestId: requestIdFrom(fields),
    body,
    // The server below has done it.
    awaitsContinue: false,
    problem: undefined,
  };
}
