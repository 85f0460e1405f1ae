// Checks what hooks return. A mistake is an error of the hook: the call fails, or the gateway's own
// response is sent, and the log names the hook and the value.
import { validateHeaderName, validateHeaderValue } from "node:http";
import { shown } from "@grpc-study/rpc/checks";
import type { RestResponse } from "./hooks.ts";
import { isReserved } from "./http/reserved-headers.ts";

const ignore = () => {};

/** @throws TypeError for a promise, whose result would come too late. */
export function notAPromise<Result>(hook: string, result: Result): Result {
  if (typeof (result as { readonly then?: unknown } | null | undefined)?.then !== "function") return result;
  // Its rejection would end the process.
  Promise.resolve(result).catch(ignore);
  throw new TypeError(`hooks.${hook} must not return a promise`);
}

/** A response of a hook, ready to send. */
export interface CheckedResponse {
  readonly status: number | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Uint8Array | undefined;
  readonly isJson: boolean;
}

/** The headers of HTTP that a hook may set. */
const ownHeaders = new Set(["content-type", "content-encoding", "date"]);

/**
 * @returns `undefined` if the hook leaves the response to the gateway.
 * @throws TypeError for what cannot be sent.
 */
export function checkedResponse(hook: string, response: RestResponse | undefined): CheckedResponse | undefined {
  notAPromise(hook, response);
  if (response === undefined || response === null) return undefined;
  if (typeof response !== "object") throw new TypeError(`hooks.${hook} must return an object or undefined, got ${shown(response)}`);
  const { status, body } = response;
  if (status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 599))
    throw new TypeError(`hooks.${hook} must return a status from 200 to 599, got ${shown(status)}`);
  const headers = checkedHeaders(hook, response.headers ?? {});
  if (body === undefined || typeof body === "string" || body instanceof Uint8Array) return { status, headers, body, isJson: false };
  if (typeof body !== "object") throw new TypeError(`hooks.${hook} must return a text, bytes or an object as the body, got ${shown(body)}`);
  return { status, headers, body: jsonOf(hook, body), isJson: true };
}

/** @throws TypeError for a value that JSON cannot express. */
export function jsonOf(hook: string, value: object): string {
  const json: string | undefined = typeof value === "object" && value !== null ? JSON.stringify(value) : undefined;
  if (json === undefined) throw new TypeError(`hooks.${hook} must return an object for JSON, got ${shown(value)}`);
  return json;
}

function checkedHeaders(hook: string, headers: NonNullable<RestResponse["headers"]>): CheckedResponse["headers"] {
  if (typeof headers !== "object") throw new TypeError(`hooks.${hook} must return an object as headers, got ${shown(headers)}`);
  const checked: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!values.every((one) => typeof one === "string"))
      throw new TypeError(`hooks.${hook} must return texts as headers, got ${name}: ${shown(value)}`);
    validateHeaderName(name);
    for (const one of values) validateHeaderValue(name, String(one));
    const lower = name.toLowerCase();
    if (isReserved(lower) && !ownHeaders.has(lower))
      throw new TypeError(`hooks.${hook} must not return the header ${lower}: it belongs to HTTP or to gRPC`);
    checked[lower] = value;
  }
  return checked;
}
