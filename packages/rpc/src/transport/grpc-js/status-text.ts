// Rewrites the messages of statuses that grpc-js created itself, so that they name the call and say
// what happened. The message is the only sign of such a status.
import type { StatusObject } from "@grpc/grpc-js";
import { codeFrom } from "../../protocol/code.ts";
import type { Status } from "../../protocol/status.ts";
import { explainConnectFailure } from "./connect-failure.ts";

/** The call, as messages name it. */
export interface CallNames {
  /** The method's path. */
  readonly path: string;
  readonly target: string;
  /** Whether the channel uses TLS. */
  readonly secure: boolean;
  /** Whether part of a response has arrived, and so there was a connection. */
  readonly answered: boolean;
}

/** RFC 9113, section 7. */
const resetCodes = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED",
];

type Sentence = (call: CallNames, groups: Readonly<Record<string, string | undefined>>) => string;

const lost: Sentence = ({ target, path }) => `the connection to ${target} was lost during ${path}`;

/**
 * The messages of grpc-js, and what they mean. The first matching pattern applies. Only messages
 * with UNAVAILABLE name the target, because others may be shown to users who must not know it.
 */
const sentences: readonly (readonly [pattern: RegExp, sentence: Sentence])[] = [
  [/^Deadline exceeded(?: after \d+\.\d{3}s.*)?$/, ({ path }) => `deadline exceeded: ${path} did not end in time`],
  [/^No connection established\b/, ({ target }) => `there is no connection to ${target}`],
  [/^Call cancelled$/, ({ path }) => `the server cancelled ${path}`],
  [/^Cancelled by parent call$/, ({ path }) => `${path} was cancelled with its parent call`],
  [/^Connection dropped$|^(?:read|write) E[A-Z]+$/, lost],
  [/^Write (?:error|failed)\b/, lost],
  [/^Stream refused by server$/, ({ target, path }) => `${target} refused ${path}: it takes no more calls at the moment`],
  [
    /^Bandwidth exhausted or memory limit exceeded$/,
    ({ path }) => `the server reset ${path} with ENHANCE_YOUR_CALM: it has a limit for calls or for metadata`,
  ],
  [/^Protocol not secure enough$/, ({ path }) => `the server reset ${path} with INADEQUATE_SECURITY: it requires better TLS`],
  [/^Received RST_STREAM with code 0 /, ({ path }) => `the server ended ${path} without a status`],
  [
    /^Received RST_STREAM with code \d+ triggered by internal client error: (?<cause>.*)/,
    ({ path }, { cause }) => `${path} failed: ${cause}`,
  ],
  [
    /^Received RST_STREAM with code (?<code>\d+)/,
    ({ path }, { code }) => `the server reset ${path} with ${resetCodes[Number(code)] ?? `the code ${code}`}`,
  ],
  [/^Received HTTP status code 200$/, ({ path }) => `the response to ${path} has HTTP status 200, but no gRPC status`],
  [/^Received HTTP status code (?<code>\d+)$/, ({ path }, { code }) => `the response to ${path} is not gRPC: HTTP status ${code}`],
  [/^No status information received$/, ({ path }) => `${path} ended without a status`],
  [
    /^Received message larger than max \((?<size>\d+) vs\.? (?<limit>\d+)\)$/,
    ({ path }, { size, limit }) => `a message of ${path} has ${size} bytes, and the limit is ${limit}`,
  ],
  [/^Failed to start HTTP\/2 stream with error (?<cause>.*)/, ({ path }, { cause }) => `${path} cannot be sent: ${cause}`],
  [
    /^Getting metadata from plugin failed with error: (?<cause>.*)/,
    ({ path }, { cause }) => `the call credentials of ${path} failed: ${cause}`,
  ],
  [
    /^"authorization" metadata cannot have multiple values$/,
    ({ path }) => `${path} has more than one value of the metadata key "authorization"`,
  ],
  [/^Failed to route call to method /, ({ path }) => `the service config has no route for ${path}`],
  [
    /^Channel closed before call started$|^Subchannel not ready$/,
    ({ target, path }) => `the channel to ${target} was closed before ${path} was sent`,
  ],
  [/^Invalid status from control plane: (?<cause>.*)/, ({ path }, { cause }) => `${path} cannot be routed: ${cause}`],
  [/^Failed to write message$/, ({ path }) => `a request of ${path} cannot be written`],
  [/^Failed to parse \w+ address |^Unrecognized scheme /, ({ target }) => `${target} is not an address`],
  [/^All load balancer options in service config are not compatible$/, () => "the service config names no known load balancer"],
];

/**
 * Returns the status in plain words if grpc-js created it, or `undefined` for any other status. The
 * result has a `cause`, which a status from a server never has.
 */
export function explainStatus({ code, details }: StatusObject, call: CallNames): Status | undefined {
  // Once a response has begun, the message may come from a server that failed to call another one.
  if (!call.answered) {
    const failure = explainConnectFailure(details, call.target, call.secure);
    if (failure !== undefined) return failure;
  }
  for (const [pattern, sentence] of sentences) {
    const match = pattern.exec(details);
    if (match === null) continue;
    return { code: codeFrom(code), message: sentence(call, match.groups ?? {}), metadata: undefined, cause: new Error(details) };
  }
  return undefined;
}
