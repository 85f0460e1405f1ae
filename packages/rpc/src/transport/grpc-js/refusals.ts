// What grpc-js cannot do through its public API, in one place. What can be refused, is refused by these sentences; the rest is a limit of this
// transport that nobody can refuse:
//
// Client
// - The option `compression` of a call: grpc-js compresses by channel (`grpc.default_compression_algorithm`). Refused.
// - Whether a response came compressed is not known: `wasCompressed` is false for all.
// - A cancelled call half-closes before it is reset (Node's `close()` of a stream): a server may take half of an upload for the whole one.
// - A response that ends with OK in the middle of a message passes for a complete one.
// - Messages that came before an error, and that were not asked for by then, are dropped: one response is read ahead.
// - A status message that the server percent-encodes beyond what `decodeURI` reads (`%23`, `%3F`, …) arrives as it was encoded.
// - Metadata of call credentials that are a part of the channel's credentials is not checked: give them as `callCredentials`.
//
// Server
// - The compression of responses. `createServer` refuses the option; `context.compression` is without effect, as for a caller that takes none.
// - Interceptors of a method with one request run once the request is complete, not when its header has come.
// - Up to 16 requests of a stream are read ahead.
// - A request that ends in the middle of a message passes for a complete one.
// - A timeout of more than 24.8 days ends the call at once, with DEADLINE_EXCEEDED.
// - The limits that grpc-js has no option for. Refused.
// - Certificates are read once: `reloadMs` and `onReloadError` are refused, and so are optional client certificates.
// - Statuses of calls that reach no handler (no such method, a message that is too large) have the words of grpc-js.
import { Code } from "../../protocol/code.ts";
import type { Status } from "../../protocol/status.ts";

/** Ends a call that asks for a compression of its own. */
export function compressionRefused(compression: string): Status {
  const message =
    `grpc-js compresses by channel, and not by call: leave out the option compression: "${compression}", ` +
    'and give the channel "grpc.default_compression_algorithm"';
  return { code: Code.UNIMPLEMENTED, message, metadata: undefined, cause: new TypeError(message) };
}
