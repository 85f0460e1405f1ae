// The Connect protocol (https://connectrpc.com/docs/protocol), as its specification describes it.
import { create, equals, fromBinary, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { Code } from "../../../../gen/connectrpc/conformance/v1/config_pb.js";
import type { CallError, Fields } from "../result.ts";
import { registry } from "../suites.ts";
import { compress, decompress, encodingNames, envelope, readEnvelopes } from "./envelope.ts";
import { add } from "./http.ts";
import { codeOfStatus, type Encoding, type Ending, failed, first, type Wire } from "./protocol.ts";

function commonHeaders({ timeoutMs }: Encoding): Fields {
  const headers: Fields = new Map([["connect-protocol-version", ["1"]]]);
  if (timeoutMs !== undefined) add(headers, "connect-timeout-ms", String(timeoutMs));
  return headers;
}

export function connectUnary(encoding: Encoding): Wire {
  const name = encodingNames[encoding.compression] ?? "identity";
  return {
    headers() {
      const headers = commonHeaders(encoding);
      add(headers, "content-type", `application/${encoding.codec}`);
      if (name !== "identity") add(headers, "content-encoding", name);
      add(headers, "accept-encoding", name);
      return headers;
    },
    encode: (message) => compress(message, name),
    async *decode(head, body, trailers, ending) {
      for (const [key, values] of head.headers) {
        if (key.startsWith("trailer-")) ending.trailer.set(key.slice("trailer-".length), values);
        else ending.header.set(key, values);
      }
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      if (trailers().size > 0) ending.feedback.push("the response has HTTP trailers");
      const type = first(head.headers, "content-type");
      const bytes = decompress(Buffer.concat(chunks), first(head.headers, "content-encoding"));
      if (head.status === 200) {
        if (type === `application/${encoding.codec}`) yield bytes;
        else ending.error = failed(Code.INTERNAL, `the response has the content type ${type}`);
      } else if (type === "application/json") {
        ending.error = readError(parse(bytes, ending), codeOfStatus(head.status), ending.feedback);
        const status = statuses[ending.error.code];
        if (status !== head.status && !httpErrors.includes(head.status))
          ending.feedback.push(`the status of ${Code[ending.error.code]} is ${head.status} instead of ${status}`);
      } else ending.error = failed(codeOfStatus(head.status), Buffer.from(bytes).toString());
    },
  };
}

/** The HTTP status of each code ("Error codes" in the specification). */
const statuses: Readonly<Record<number, number>> = {
  [Code.CANCELED]: 499,
  [Code.UNKNOWN]: 500,
  [Code.INVALID_ARGUMENT]: 400,
  [Code.DEADLINE_EXCEEDED]: 504,
  [Code.NOT_FOUND]: 404,
  [Code.ALREADY_EXISTS]: 409,
  [Code.PERMISSION_DENIED]: 403,
  [Code.RESOURCE_EXHAUSTED]: 429,
  [Code.FAILED_PRECONDITION]: 400,
  [Code.ABORTED]: 409,
  [Code.OUT_OF_RANGE]: 400,
  [Code.UNIMPLEMENTED]: 501,
  [Code.INTERNAL]: 500,
  [Code.UNAVAILABLE]: 503,
  [Code.DATA_LOSS]: 500,
  [Code.UNAUTHENTICATED]: 401,
};

/** The statuses of requests that are no calls: an unknown path, verb or content type. */
const httpErrors: readonly number[] = [404, 405, 415];

/** The codes by their names on the wire. */
const codes = new Map<unknown, Code>(Object.keys(statuses).map((code) => [Code[Number(code)]?.toLowerCase(), Number(code)]));

const endStream = 2;

export function connectStream(encoding: Encoding): Wire {
  const name = encodingNames[encoding.compression] ?? "identity";
  const contentType = `application/connect+${encoding.codec}`;
  return {
    headers() {
      const headers = commonHeaders(encoding);
      add(headers, "content-type", contentType);
      if (name !== "identity") add(headers, "connect-content-encoding", name);
      add(headers, "connect-accept-encoding", name);
      return headers;
    },
    encode: (message) => envelope(name === "identity" ? 0 : 1, compress(message, name)),
    async *decode(head, body, trailers, ending) {
      for (const [key, values] of head.headers) ending.header.set(key, values);
      const type = first(head.headers, "content-type");
      if (head.status !== 200 || type !== contentType) {
        for await (const _ of body);
        const code = head.status === 200 ? Code.INTERNAL : codeOfStatus(head.status);
        ending.error = failed(code, `the response has the status ${head.status} and the content type ${type}`);
        return;
      }
      const coding = first(head.headers, "connect-content-encoding");
      let ended = false;
      for await (const { flags, data } of readEnvelopes(body)) {
        if (ended) ending.feedback.push("something follows the end of the stream");
        const bytes = (flags & 1) === 0 ? data : decompress(data, coding);
        if ((flags & endStream) === 0) yield bytes;
        else {
          ended = true;
          readEnd(bytes, ending);
        }
      }
      if (!ended) ending.error ??= failed(Code.INTERNAL, "the response ends without the end of the stream");
      if (trailers().size > 0) ending.feedback.push("the response has HTTP trailers");
    },
  };
}

function readEnd(bytes: Uint8Array, ending: Ending): void {
  const { error, metadata = {}, ...more } = object(parse(bytes, ending));
  for (const key of Object.keys(more)) ending.feedback.push(`the end of the stream has the key ${key}`);
  for (const [name, values] of Object.entries(object(metadata))) {
    if (!Array.isArray(values)) ending.feedback.push(`the metadata ${name} is not an array`);
    else for (const value of values) add(ending.trailer, name, String(value));
  }
  if (error !== undefined) ending.error = readError(error, Code.UNKNOWN, ending.feedback);
}

function parse(bytes: Uint8Array, ending: Ending): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch (error) {
    ending.feedback.push(`the JSON of the response is invalid: ${error}`);
    return {};
  }
}

function object(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function readError(value: unknown, fallback: Code, feedback: string[]): CallError {
  const { code, message = "", details = [], ...more } = object(value);
  for (const key of Object.keys(more)) feedback.push(`the error has the key ${key}`);
  const known = codes.get(code);
  if (known === undefined) feedback.push(`the error has the code ${code}`);
  if (typeof message !== "string") feedback.push("the message of the error is not a string");
  if (!Array.isArray(details)) feedback.push("the details of the error are not an array");
  return {
    code: known ?? fallback,
    message: String(message),
    details: Array.isArray(details) ? details.map((detail) => readDetail(detail, feedback)) : [],
  };
}

function readDetail(detail: unknown, feedback: string[]): Any {
  const { type, value, debug, ...more } = object(detail);
  for (const key of Object.keys(more)) feedback.push(`an error detail has the key ${key}`);
  if (typeof type !== "string" || !/^[A-Za-z_][\w.]*$/.test(type)) feedback.push(`an error detail has the type ${type}`);
  if (typeof value !== "string" || !/^[A-Za-z0-9+/]*$/.test(value)) feedback.push("the value of an error detail is not unpadded base64");
  const bytes = Buffer.from(String(value), "base64");
  const schema = registry.getMessage(String(type));
  if (debug !== undefined && schema !== undefined) {
    const { "@type": _, ...json } = object(debug);
    const other = fromJson(schema, json as JsonValue, { registry });
    if (!equals(schema, other, fromBinary(schema, bytes))) feedback.push(`the debug form of an error detail differs from its value`);
  }
  return create(AnySchema, { typeUrl: `type.googleapis.com/${type}`, value: bytes });
}
