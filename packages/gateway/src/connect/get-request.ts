// The request in the query of a GET (https://connectrpc.com/docs/protocol/#unary-get-request).
import { Code, RpcError } from "@grpc-study/rpc";
import { quote } from "../fields/invalid-field.ts";

/** The parameters of a GET. */
export interface GetRequest {
  /** The name of the codec: `json`, `proto`, or one that the gateway does not have. */
  readonly encoding: string;
  readonly compression: string | undefined;
  /** The message, still compressed. */
  readonly message: Buffer;
}

/** Whether a query is that of a Connect request, rather than of a REST request. */
export function isConnectQuery(query: string): boolean {
  return /(?:^|&)connect=v/.test(query) || (/(?:^|&)encoding=/.test(query) && /(?:^|&)message=/.test(query));
}

/**
 * Reads the parameters. Unknown ones are ignored, and of several with one name, the first counts.
 *
 * @throws RpcError INVALID_ARGUMENT for a missing or malformed parameter.
 */
export function readGetRequest(query: string): GetRequest {
  const parameters = new Map<string, string>();
  for (const part of query.split("&")) {
    const mark = part.indexOf("=");
    const name = mark < 0 ? part : part.slice(0, mark);
    if (!parameters.has(name)) parameters.set(name, mark < 0 ? "" : part.slice(mark + 1));
  }
  const get = (name: string) => {
    const value = parameters.get(name);
    return value === undefined ? undefined : decoded(name, value);
  };
  const version = get("connect");
  if (version !== undefined && version !== "v1") throw invalid(`connect must be v1, got ${quote(version)}`);
  const encoding = get("encoding");
  if (encoding === undefined) throw invalid("encoding is missing: send encoding=json or encoding=proto");
  const text = get("message");
  if (text === undefined) throw invalid("message is missing");
  const message = get("base64") === "1" ? fromBase64(text) : Buffer.from(text);
  return { encoding, compression: get("compression"), message };
}

function decoded(name: string, value: string): string {
  try {
    return decodeURIComponent(value.replaceAll("+", " "));
  } catch {
    throw invalid(`${name} is not percent-encoded UTF-8: ${quote(value)}`);
  }
}

/** Decodes base64 for URLs (RFC 4648, section 5), with or without padding. */
function fromBase64(text: string): Buffer {
  const [, digits = ""] = /^([\w-]*)={0,2}$/.exec(text) ?? [undefined, undefined];
  if ((digits === "" && text !== "") || digits.length % 4 === 1) throw invalid(`message is not base64 for URLs: ${quote(text)}`);
  return Buffer.from(digits, "base64url");
}

function invalid(problem: string): RpcError {
  return new RpcError(Code.INVALID_ARGUMENT, `the query parameter ${problem}`);
}
