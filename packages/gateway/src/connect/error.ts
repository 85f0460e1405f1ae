// Errors in Connect: JSON with a code, a message and details, and the message at the end of a stream
// (https://connectrpc.com/docs/protocol/#error-end-stream).
import type { Registry } from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { jsonCodec } from "@grpc-study/codec/json";
import { Code, type Metadata, type RpcError } from "@grpc-study/rpc";
import { metadataValues } from "../protocol/response-metadata.ts";

interface ErrorDetail {
  readonly type: string;
  /** Base64 without padding. */
  readonly value: string;
  /** The detail in JSON. Absent for an unknown type. */
  readonly debug?: unknown;
}

/** The name of a code: that of gRPC in lower case, except for CANCELLED. */
export function codeName(code: Code): string {
  return code === Code.CANCELLED ? "canceled" : (Code[code] ?? "UNKNOWN").toLowerCase();
}

/**
 * The body of an error response, in JSON.
 *
 * @param registry types of details.
 */
export function errorBody(error: RpcError, registry: Registry | undefined): string {
  return JSON.stringify(shapeOf(error, registry));
}

/**
 * The last message of a stream: an EndStreamResponse in JSON.
 *
 * @param registry types of details.
 */
export function endOfStream(trailer: Metadata | undefined, error: RpcError | undefined, registry: Registry | undefined): string {
  if (trailer === undefined && error === undefined) return "{}";
  return JSON.stringify({ error: error && shapeOf(error, registry), metadata: trailer && metadataValues(trailer) });
}

function shapeOf({ code, message, details }: RpcError, registry: Registry | undefined): object {
  return {
    code: codeName(code),
    ...(message !== "" && { message }),
    ...(details.length > 0 && { details: details.map((detail) => shapeOfDetail(detail, registry)) }),
  };
}

function shapeOfDetail(detail: Any, registry: Registry | undefined): ErrorDetail {
  const { typeUrl, value } = detail;
  const type = typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
  const base64 = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64").replace(/=+$/, "");
  try {
    const codec = jsonCodec(AnySchema, registry === undefined ? {} : { registry });
    const { "@type": _type, ...debug } = JSON.parse(codec.print(detail)) as Record<string, unknown>;
    return { type, value: base64, debug };
  } catch {
    // An unknown type, or malformed bytes: clients read `value`.
    return { type, value: base64 };
  }
}
