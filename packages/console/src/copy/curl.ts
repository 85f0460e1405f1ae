// curl: REST if the method has a rule, else Connect.
import { hasRequestStream, hasResponseStream } from "../call/call.ts";
import type { Metadata } from "../call/types.ts";
import { print } from "../json/edit.ts";
import { type Copied, type CopiedCall, compact } from "./call.ts";
import { type RestCall, restCall } from "./rest.ts";
import { command } from "./shell.ts";

export function curl(call: CopiedCall): Copied {
  const { method, requests, protocols } = call;
  const [first = "{}"] = requests;
  if (hasRequestStream(method.kind)) return requestStream(call);
  const rest = protocols.includes("rest") ? restCall(method, first) : undefined;
  if (rest !== undefined) return { text: byRest(call, rest) };
  // Each message has five bytes before it.
  if (hasResponseStream(method.kind)) return { reason: "copyCurlStream" };
  const headers: Metadata = [
    ["content-type", "application/json"],
    ["connect-protocol-version", "1"],
    ...(call.timeoutMs === undefined ? [] : [["connect-timeout-ms", String(call.timeoutMs)] as const]),
    ...call.metadata,
  ];
  return { text: curlCommand(call, method.path, ["-X", "POST"], headers, compact(first)) };
}

/** One line for each message. */
function requestStream(call: CopiedCall): Copied {
  const { method, requests, protocols } = call;
  const rule = method.rules.find(({ path, body }) => body === "*" && !/[{*]/.test(path));
  if (rule === undefined || !protocols.includes("rest")) return { reason: "copyCurlStream" };
  if (hasResponseStream(method.kind)) return { reason: "copyCurlBidi" };
  const verb = rule.verb === "*" ? "POST" : rule.verb;
  const headers: Metadata = [["content-type", "application/x-ndjson"], ...restHeaders(call)];
  return { text: curlCommand(call, rule.path.slice(1), ["-X", verb], headers, requests.map(compact).join("\n")) };
}

function byRest(call: CopiedCall, { verb, target, body }: RestCall): string {
  const data = body === undefined ? undefined : compact(print(body));
  const type: Metadata = data === undefined ? [] : [["content-type", "application/json"]];
  return curlCommand(call, target, verb === "GET" && data === undefined ? [] : ["-X", verb], [...type, ...restHeaders(call)], data);
}

/** Headers that the gateway forwards under their own names. */
const forwarded = /^(?:authorization|traceparent|tracestate|baggage|last-event-id)$/;

function restHeaders(call: CopiedCall): Metadata {
  const metadata = call.metadata.map(([key, value]): readonly [string, string] => [
    forwarded.test(key) ? key : `grpc-metadata-${key}`,
    value,
  ]);
  return call.timeoutMs === undefined ? metadata : [["grpc-timeout", grpcTimeout(call.timeoutMs)], ...metadata];
}

/** At most eight digits: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests */
function grpcTimeout(ms: number): string {
  return ms < 100_000_000 ? `${ms}m` : `${Math.ceil(ms / 1000)}S`;
}

function curlCommand({ root }: CopiedCall, target: string, verb: readonly string[], headers: Metadata, data: string | undefined): string {
  const url = new URL(root);
  return command("curl", [
    ...(verb.length > 0 ? [verb] : []),
    // Without it, brackets of an address would be a pattern.
    ["--globoff", `${url.href}${target}`],
    // A semicolon instead of the colon sends an empty header.
    ...headers.map(([key, value]) => ["-H", value === "" ? `${key};` : `${key}: ${value}`]),
    ...(data === undefined ? [] : [["--data-raw", data]]),
  ]);
}
