// What grpc-js cannot do through its public API, in one place. What can be refused, is refused by these sentences; the rest is a limit of this
// transport that nobody can refuse:
//
// Client
// - The option `compression` of a call: grpc-js compresses by channel (`grpc.default_compression_algorithm`). Refused. On such
//   a channel, `compress: false` of a request counts.
// - Timeouts of more than 24.8 days are shortened to that.
// - Whether a response came compressed is not known: `wasCompressed` is false for all.
// - A cancelled call half-closes before it is reset (Node's `close()` of a stream): a server may take half of an upload for the whole one.
// - The body of an answer that is not gRPC's is not known, nor is its content type if its HTTP status is not 200.
// - Several values of a key of text in a response arrive as one, joined by commas: Node's http2 joins them. Bytes arrive as several.
// - A response that ends with OK in the middle of a message passes for a complete one.
// - Responses that came before an error are dropped, unless they were read by then. One is read ahead; one that comes in the same packet as the
//   error is dropped, too.
// - The metadata key `__proto__`. Refused in a request; in a response it is lost.
// - Of the prefix of a message, every flag but 1 counts as 0. A `grpc-encoding` that is not known, and not used, is no fault.
// - A `grpc-status` that is no number in decimal digits passes for the number that JavaScript reads: "" and "00" are OK, "0x5" is NOT_FOUND.
// - Which step a connection has reached that is not made in time is not known.
// - A status message that the server percent-encodes beyond what `decodeURI` reads (`%23`, `%3F`, …) arrives as it was encoded.
// - Certificates of `grpcJsCredentials` are read once: `reloadMs` and `onReloadError` are refused. `serverName` is the channel's.
// - Metadata of call credentials that are a part of the channel's credentials is not checked: give them as `callCredentials`.
//
// Server
// - Several values of a key of text in a request arrive as one, too.
// - The compression of responses. `createServer` refuses the option; `context.compression` is without effect, as for a caller that takes none.
// - The metadata key `__proto__` is lost, both ways.
// - Flags of messages and a `grpc-encoding` that is not used: as on the client.
// - Interceptors of a method with one request run once the request is complete, not when its header has come.
// - Up to 16 requests of a stream are read ahead.
// - A request that ends in the middle of a message passes for a complete one.
// - A timeout of more than 24.8 days is taken for another one, also for one that has passed: the call may end at once, with DEADLINE_EXCEEDED.
// - The limits that grpc-js has no option for. Refused, unless they are the defaults, which hold as little.
// - Certificates are read once, when the server begins to listen. `reloadMs` and `onReloadError` are refused, and optional client certificates.
// - The caller's certificate, before grpc-js 1.14: reading `clientCertificate` throws.
// - Statuses of calls that reach no handler (no such method, a message that is too large) have the words of grpc-js.
import { Code } from "../../protocol/code.ts";
import type { Compression } from "../../protocol/compression.ts";
import type { Status } from "../../protocol/status.ts";
import type { CertificateOptions } from "../../security/certificates.ts";
import type { ClientTls, ServerTls } from "../../security/tls.ts";

/** Ends a call that asks for a compression of its own. */
export function unsupportedCompression(compression: Compression): Status {
  const message =
    `grpc-js compresses by channel, and not by call: leave out the option compression: "${compression}", ` +
    'and give the channel "grpc.default_compression_algorithm"';
  return { code: Code.UNIMPLEMENTED, message, metadata: undefined, cause: new TypeError(message) };
}

/** grpc-js copies metadata into plain objects. */
export const lostKey = "__proto__";

/** Ends a call whose metadata has the key `__proto__`. */
export function unsupportedKey(): Status {
  const message = `grpc-js loses the metadata key "${lostKey}": leave it out, or use the http2 transport`;
  return { code: Code.UNIMPLEMENTED, message, metadata: undefined, cause: new TypeError(message) };
}

/** Ends a call with a response that grpc-js cannot inflate. */
export function notInflated(path: string): Status {
  const message = `a response of ${path} cannot be inflated: its grpc-encoding is not supported, or it is not what that says`;
  return { code: Code.INTERNAL, message, metadata: undefined, cause: new Error(message) };
}

/** @throws TypeError for a server that compresses its responses. */
export function checkResponseCompression(compression: Compression): void {
  if (compression === "identity") return;
  throw new TypeError(
    `grpc-js does not compress responses: leave out the option compression: "${compression}", or use the http2 transport`,
  );
}

export function unsupportedLimit(name: string, limit: number, known: readonly string[]): TypeError {
  return new TypeError(
    `grpc-js has no limit for limits.${name}, got ${limit}: leave it out, or use the http2 transport. It has ${known.join(", ")}`,
  );
}

/** @throws TypeError for options of TLS that grpc-js does not have. */
export function checkServerTls(tls: ServerTls): void {
  if (tls.clientCertificates === "optional") {
    throw new TypeError('grpc-js requires client certificates or takes none: leave out tls.clientCertificates: "optional"');
  }
  checkRenewal(tls);
}

/** @throws TypeError for options of TLS that grpc-js does not have. */
export function checkClientTls(tls: ClientTls): void {
  if (tls.serverName !== undefined) {
    throw new TypeError('grpc-js takes tls.serverName by the channel: leave it out, and give the channel "grpc.ssl_target_name_override"');
  }
  checkRenewal(tls);
}

function checkRenewal({ reloadMs, onReloadError }: CertificateOptions): void {
  for (const [name, value] of Object.entries({ reloadMs, onReloadError })) {
    if (value !== undefined) throw new TypeError(`grpc-js reads certificates once: leave out tls.${name}, or use the http2 transport`);
  }
}

export function unsupportedCertificates(): Error {
  return new Error("this version of @grpc/grpc-js does not tell the caller's certificate: use 1.14 or later");
}
