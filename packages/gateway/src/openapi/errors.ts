// What every operation may answer instead of its result: google.rpc.Status, with the HTTP status that google.rpc.Code asks for.
import type { Response, Schema } from "./document.ts";

/** google.rpc.Status, in JSON. */
export function statusSchema(any: Schema): Schema {
  return {
    type: "object",
    description: "Why a call has failed.",
    properties: {
      code: { type: "integer", format: "int32", description: "The gRPC status code: a number of google.rpc.Code." },
      message: { type: "string", description: "For developers, in English." },
      details: { type: "array", items: any, description: "Messages that say more, such as google.rpc.BadRequest." },
    },
  };
}

/** By google/rpc/code.proto's comments. */
const codes: Readonly<Record<number, readonly string[]>> = {
  400: ["INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE"],
  401: ["UNAUTHENTICATED"],
  403: ["PERMISSION_DENIED"],
  404: ["NOT_FOUND"],
  409: ["ALREADY_EXISTS", "ABORTED"],
  429: ["RESOURCE_EXHAUSTED"],
  499: ["CANCELLED"],
  500: ["UNKNOWN", "INTERNAL", "DATA_LOSS"],
  501: ["UNIMPLEMENTED"],
  503: ["UNAVAILABLE"],
  504: ["DEADLINE_EXCEEDED"],
};

export function errorResponse(status: Schema): Response {
  const rows = Object.entries(codes).map(([http, names]) => `- ${http}: ${names.join(", ")}`);
  return {
    description: ["The call has failed. HTTP statuses, and the gRPC status codes that they stand for:", "", ...rows].join("\n"),
    content: { "application/json": { schema: status } },
  };
}
