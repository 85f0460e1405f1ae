// What grpc-js cannot do through its public API. Unsupported options are rejected with the messages
// below. The other points are limits of this transport that it cannot detect.
//
// Client
// - The option `compression` of a call is rejected: grpc-js compresses per channel
//   (`grpc.default_compression_algorithm`). On such a channel, `compress: false` of a request
//   works.
// - Timeouts of more than 24.8 days are shortened to 24.8 days.
// - `wasCompressed` is false for all responses, because grpc-js does not report compression. For the
//   same reason, `onMessageSize()` has no `wireBytes`.
// - A cancelled call half-closes before it is reset (Node's `close()` of a stream), so a server may
//   take half of an upload for a complete one.
// - The body of a response that is not gRPC is not available, and neither is its content type
//   unless the HTTP status is 200.
// - Several values of a text key in a response arrive as one value, joined by commas, because
//   Node's http2 joins them. Values of bytes stay separate.
// - A response that ends with OK in the middle of a message counts as complete.
// - Responses before an error are dropped unless they have been read. One response is read ahead;
//   it is dropped, too, if it arrives in the same packet as the error.
// - The metadata key `__proto__` is rejected in a request, and lost in a response.
// - In the prefix of a message, every flag other than 1 counts as 0. An unknown `grpc-encoding` is
//   accepted if no message uses it.
// - A malformed `grpc-status` is read as a JavaScript number: "" and "00" are OK, "0x5" is
//   NOT_FOUND.
// - A connect timeout cannot name the step that the connection had reached.
// - A status message with percent-encoded characters that `decodeURI` does not decode (`%23`,
//   `%3F`, …) arrives encoded.
// - The certificates of `grpcJsCredentials` are read once: `reloadMs` and `onReloadError` are
//   rejected. `serverName` is an option of the channel.
// - Metadata of call credentials inside channel credentials is not checked: pass them as
//   `callCredentials`.
//
// Server
// - Several values of a text key in a request arrive as one value, too.
// - Responses are not compressed: `createServer` rejects the option, and `context.compression` has
//   no effect.
// - The metadata key `__proto__` is lost in both directions.
// - Message flags and an unused `grpc-encoding` behave as on the client.
// - For a method with one request, interceptors run once the request is complete rather than when
//   its header has arrived.
// - Up to 16 requests of a stream are read ahead.
// - A request that ends in the middle of a message counts as complete.
// - A timeout of more than 24.8 days is misread, possibly as one that has passed: the call may end
//   at once with DEADLINE_EXCEEDED.
// - Limits without a grpc-js option are rejected unless they are the defaults, which are not
//   enforced either.
// - Certificates are read once, when the server begins to listen. `reloadMs`, `onReloadError` and
//   optional client certificates are rejected.
// - Before grpc-js 1.14, reading `clientCertificate` throws, because the caller's certificate is
//   not available.
// - `onMessageSize()` has no `wireBytes` of requests.
// - Calls that reach no handler (unknown method, message too large) end with the status messages of
//   grpc-js. Interceptors do not see them: `unknown` is not called.
import { Code } from "../../protocol/code.ts";
import type { Compression } from "../../protocol/compression.ts";
import type { Status } from "../../protocol/status.ts";
import type { CertificateOptions } from "../../security/certificates.ts";
import type { ClientTls, ServerTls } from "../../security/tls.ts";

/** Returns the status for a call with its own compression. */
export function unsupportedCompression(compression: Compression): Status {
  const message =
    `grpc-js compresses per channel, not per call: leave out the option compression: "${compression}", ` +
    'and give the channel "grpc.default_compression_algorithm"';
  return { code: Code.UNIMPLEMENTED, message, metadata: undefined, cause: new TypeError(message) };
}

/** The key that is lost, because grpc-js copies metadata to plain objects. */
export const lostKey = "__proto__";

/** Returns the status for a call whose metadata has the key `__proto__`. */
export function unsupportedKey(): Status {
  const message = `grpc-js loses the metadata key "${lostKey}": leave it out, or use the http2 transport`;
  return { code: Code.UNIMPLEMENTED, message, metadata: undefined, cause: new TypeError(message) };
}

/** Returns the status for a response that grpc-js cannot decompress. */
export function decompressionFailed(path: string): Status {
  const message = `a response of ${path} cannot be decompressed: its grpc-encoding is not supported, or does not match the data`;
  return { code: Code.INTERNAL, message, metadata: undefined, cause: new Error(message) };
}

/** @throws TypeError if the server would compress its responses. */
export function checkResponseCompression(compression: Compression): void {
  if (compression === "identity") return;
  throw new TypeError(
    `grpc-js does not compress responses: leave out the option compression: "${compression}", or use the http2 transport`,
  );
}

export function unsupportedLimit(name: string, limit: number, supported: readonly string[]): TypeError {
  return new TypeError(
    `grpc-js does not support limits.${name}, got ${limit}: leave it out, or use the http2 transport. It supports ${supported.join(", ")}`,
  );
}

/** @throws TypeError for options of TLS that grpc-js does not have. */
export function checkServerTls(tls: ServerTls): void {
  if (tls.clientCertificates === "optional") {
    throw new TypeError('grpc-js does not support optional client certificates: leave out tls.clientCertificates: "optional"');
  }
  checkRenewal(tls);
}

/** @throws TypeError for options of TLS that grpc-js does not have. */
export function checkClientTls(tls: ClientTls): void {
  if (tls.serverName !== undefined) {
    throw new TypeError(
      'grpc-js sets the server name per channel: leave out tls.serverName, and give the channel "grpc.ssl_target_name_override"',
    );
  }
  checkRenewal(tls);
}

function checkRenewal({ reloadMs, onReloadError }: CertificateOptions): void {
  for (const [name, value] of Object.entries({ reloadMs, onReloadError })) {
    if (value !== undefined) throw new TypeError(`grpc-js reads certificates once: leave out tls.${name}, or use the http2 transport`);
  }
}

export function unsupportedCertificates(): Error {
  return new Error("this version of @grpc/grpc-js does not provide the caller's certificate: use 1.14 or later");
}
