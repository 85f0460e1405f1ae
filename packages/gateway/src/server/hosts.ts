// Rejects requests for other hosts, and requests from pages of other sites.
import type { AddressInfo } from "node:net";
import { Code } from "@grpc-study/rpc";
import { quote } from "../fields/invalid-field.ts";
import { HttpError } from "../http/errors.ts";
import type { HttpRequest } from "../http/message.ts";

/**
 * Safe methods, which pages may send to any origin: they cannot read the response
 * (https://fetch.spec.whatwg.org/#methods).
 */
const safe = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Checks that the server serves the host of a request. A page of another site can reach a server on
 * loopback through its own name (DNS rebinding); the browser then treats the responses as
 * same-origin.
 *
 * @throws HttpError 421 for a host that is not allowed.
 */
export function checkHost({ headers: { host } }: Pick<HttpRequest, "headers">, allowed: readonly string[]): void {
  if (host === undefined || allowed.includes("*") || allowed.includes(host.toLowerCase()) || allowed.includes(nameOf(host))) return;
  throw new HttpError(421, Code.PERMISSION_DENIED, `the host ${quote(host)} is not allowed: add it to allowedHosts`);
}

/** The host name without the port. */
function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, "");
}

/**
 * The default host names: the loopback names for a loopback address, else `*`. Other addresses may
 * have any name, which the operator's DNS controls.
 */
export function hostsOfListener(address: AddressInfo | string | null): readonly string[] {
  if (address === null || typeof address === "string") return ["*"];
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return isLoopbackHost(name) ? ["localhost", "127.0.0.1", "[::1]", name] : ["*"];
}

/** Whether a host of a URL is a loopback address, or `localhost`. */
export function isLoopbackHost(host: string): boolean {
  return /^(?:localhost$|127\.|\[?::1\]?$|\[?::ffff:127\.)/.test(host);
}

/**
 * Rejects unsafe requests from pages of other sites. Browsers send a CORS preflight before JSON,
 * but not before text, forms or an empty body. They identify such a request by `Sec-Fetch-Site`,
 * older ones only by `Origin`; other clients send neither.
 *
 * @throws HttpError 403 if the page's origin is not allowed.
 */
export function checkSite({ method, headers, host }: Pick<HttpRequest, "method" | "headers" | "host">, origins: readonly string[]): void {
  const { origin, "sec-fetch-site": site } = headers;
  if (safe.has(method) || site === "same-origin" || site === "none" || origins.includes("*")) return;
  if (origin === undefined ? site === undefined : origins.includes(origin)) return;
  if (site === undefined && origin !== undefined && URL.canParse(origin) && new URL(origin).host === host) return;
  throw new HttpError(403, Code.PERMISSION_DENIED, `pages of ${quote(origin ?? "another site")} may not send ${method} requests here`);
}
