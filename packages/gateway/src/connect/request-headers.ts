// The request headers of Connect.
import { Code, RpcError } from "@grpc-study/rpc";
import { quote } from "../fields/invalid-field.ts";
import type { RequestHeaders } from "../http/message.ts";
import type { Format } from "../protocol/format.ts";

/**
 * Checks the version of the protocol.
 *
 * @throws RpcError INVALID_ARGUMENT for another version than 1.
 */
export function checkVersion({ "connect-protocol-version": version }: RequestHeaders): void {
  if (version === undefined || version === "1") return;
  throw new RpcError(Code.INVALID_ARGUMENT, `the header connect-protocol-version must be 1, got ${quote(version)}`);
}

/**
 * The time limit of a call, in milliseconds. `undefined` without one.
 *
 * @throws RpcError INVALID_ARGUMENT if it is malformed: it has at most ten digits.
 */
export function timeoutOf({ "connect-timeout-ms": timeout }: RequestHeaders): number | undefined {
  if (timeout === undefined) return undefined;
  if (/^\d{1,10}$/.test(timeout)) return Number(timeout);
  const message = `the header connect-timeout-ms must be a number of milliseconds with at most 10 digits, got ${quote(timeout)}`;
  throw new RpcError(Code.INVALID_ARGUMENT, message);
}

/** The content type of a unary request or of a stream. */
export interface ContentType {
  readonly stream: boolean;
  /** `undefined` for a codec that the gateway does not have. */
  readonly format: Format | undefined;
}

const unaryJson: ContentType = { stream: false, format: "json" };

/**
 * Reads a content type. Returns `undefined` for one that Connect never has. JSON must be in UTF-8.
 *
 * @param value the header `content-type`.
 */
export function contentTypeOf(value: string | undefined): ContentType | undefined {
  if (value === "application/json") return unaryJson;
  const [, plus, name = "", parameters = ""] = /^\s*application\/(connect\+)?([\w.-]+)\s*(;.*)?$/i.exec(value ?? "") ?? [];
  const codec = name.toLowerCase();
  const charset = /;\s*charset=\s*"?([\w-]+)/i.exec(parameters)?.[1]?.toLowerCase() ?? "utf-8";
  const readable = codec === "proto" || (codec === "json" && /^(?:utf-?8|us-ascii)$/.test(charset));
  const format = readable ? (codec as Format) : undefined;
  if (plus !== undefined) return { stream: true, format };
  return codec === "proto" || codec === "json" ? { stream: false, format } : undefined;
}
