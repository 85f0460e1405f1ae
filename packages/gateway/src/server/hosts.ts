// Which requests a server takes for its own: by the host they are for, and by the site whose page they come from.
import type { AddressInfo } from "node:net";
import { Code } from "@grpc-study/rpc";
import type { FastifyRequest } from "fastify";
import { quote } from "../fields/invalid-field.ts";
import { HttpError } from "../http/errors.ts";

/** Methods that change nothing, which a page may use anywhere: it cannot read the answer (https://fetch.spec.whatwg.org/#methods). */
const safe = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * A request has one host (RFC 9112, section 3.2; RFC 9113, section 8.3.1), and it is one of the server's. A page of another site reaches a server on
 * loopback by a name of its own that resolves there (DNS rebinding), and then everything that it reads is of its own origin.
 *
 * @throws HttpError 400, 421
 */
export function checkHost({ raw, headers }: FastifyRequest, allowed: readonly string[]): void {
  const { ":authority": authority, host = authority } = headers as { readonly host?: string; readonly ":authority"?: string };
  if (hostsOf(raw.rawHeaders) > 1 || (authority !== undefined && authority !== host)) {
    throw new HttpError(400, Code.INVALID_ARGUMENT, "the request has more than one host", { connection: "close" });
  }
  if (allowed.includes("*")) return;
  for (const one of [host, targetHost(raw.url)]) {
    if (one === undefined || allowed.includes(one.toLowerCase()) || allowed.includes(nameOf(one))) continue;
    throw new HttpError(421, Code.PERMISSION_DENIED, `the host ${quote(one)} is not served here: name it in allowedHosts`);
  }
}

function hostsOf(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === "host") count++;
  }
  return count;
}

/** RFC 9112, section 3.2.2: the host of a target that is a whole URL counts, and not the header. */
function targetHost(target: string | undefined): string | undefined {
  return target?.startsWith("/") ? undefined : /^https?:\/\/([^/?#]*)/i.exec(target ?? "")?.[1];
}

/** Without the port. */
function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, "");
}

/** The names of a server that listens on loopback; `*` for one that others can reach: it may have any name, and its DNS is the operator's. */
export function hostsOfListener(address: AddressInfo | string | null): readonly string[] {
  if (address === null || typeof address === "string") return ["*"];
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return /^(?:127\.|\[::1\]|\[::ffff:127\.)/.test(name) ? ["localhost", "127.0.0.1", "[::1]", name] : ["*"];
}

/**
 * Refuses what pages of other sites send. Browsers ask before they send JSON to another origin, but not before they send a body of text, of a form, or
 * none. They say where such a request comes from (`Sec-Fetch-Site`; older ones by `Origin` alone); other clients say nothing.
 *
 * @throws HttpError 403
 */
export function checkSite({ method, headers, host }: FastifyRequest, origins: readonly string[]): void {
  const { origin, "sec-fetch-site": site } = headers;
  if (safe.has(method) || site === "same-origin" || site === "none" || origins.includes("*")) return;
  if (origin === undefined ? site === undefined : origins.includes(origin)) return;
  if (site === undefined && origin !== undefined && URL.canParse(origin) && new URL(origin).host === host) return;
  throw new HttpError(403, Code.PERMISSION_DENIED, `pages of ${quote(origin ?? "another site")} may not send ${method} requests here`);
}
