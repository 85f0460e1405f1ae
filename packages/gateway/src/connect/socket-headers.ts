// The first frame of a call over a WebSocket: `{"headers": {"authorization": "Bearer …"}, "window": 100}`.
import { Code, RpcError } from "@grpc-study/rpc";
import { quote } from "../fields/invalid-field.ts";
import type { RequestHeaders } from "../http/message.ts";
import { isGatewayOnly, isReserved } from "../http/reserved-headers.ts";

/** Headers that say who sent the handshake. The first frame cannot change them. */
const ofBrowser = /^(?:cookie|origin|referer|sec-.*)$/;

interface FirstFrame {
  /** The headers of the handshake, with those of the frame. */
  readonly headers: RequestHeaders;
  /** The messages that the client takes before it sends credit. Default: all. */
  readonly window: number;
}

/**
 * Reads the first frame, and adds its headers to those of the handshake.
 *
 * @param frame JSON in UTF-8.
 * @throws RpcError INVALID_ARGUMENT if it is malformed, or sets a header that clients cannot set.
 */
export function readFirstFrame(handshake: RequestHeaders, frame: Buffer): FirstFrame {
  const { headers: ofFrame, window } = fieldsOf(frame);
  const headers: Record<string, string | undefined> = { ...handshake };
  for (const [name, value] of Object.entries(ofFrame)) {
    const lower = name.toLowerCase();
    if (!/^[0-9a-z_.-]+$/.test(lower)) fail(`${quote(name)} is not the name of a header`);
    if (typeof value !== "string" || !/^[\x20-\x7e]*$/.test(value)) fail(`the header ${quote(name)} must be printable ASCII`);
    if (isReserved(lower) || isGatewayOnly(lower) || ofBrowser.test(lower)) fail(`the first frame cannot set the header ${quote(name)}`);
    headers[lower] = value;
  }
  return { headers, window };
}

function fieldsOf(frame: Buffer): { readonly headers: Readonly<Record<string, unknown>>; readonly window: number } {
  let value: unknown;
  try {
    value = JSON.parse(frame.toString());
  } catch {
    fail(`the first frame must be JSON such as {"headers":{}}, got ${quote(frame.toString("utf8", 0, 100))}`);
  }
  if (!isObject(value)) fail('the first frame must be an object such as {"headers":{}}');
  const { headers = {}, window = Number.POSITIVE_INFINITY, ...others } = value;
  const [other] = Object.keys(others);
  if (other !== undefined) fail(`the first frame has the unknown field ${quote(other)}, expected headers or window`);
  if (!isObject(headers)) fail("headers of the first frame must be an object");
  if (typeof window !== "number" || (window !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(window) && window >= 1)))
    fail(`window of the first frame must be an integer from 1, got ${quote(JSON.stringify(window))}`);
  return { headers, window };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fail(message: string): never {
  throw new RpcError(Code.INVALID_ARGUMENT, message);
}
