// The error response of all operations: a google.rpc.Status, with the HTTP status of its
// google.rpc.Code.
import { Code } from "@grpc-study/rpc";
import { httpStatus } from "../http/status.ts";
import type { Response, Schema } from "./document.ts";

/** The schema of google.rpc.Status in JSON. */
export function statusSchema(any: Schema): Schema {
  return {
    type: "object",
    description: "The error of a failed call.",
    properties: {
      code: { type: "integer", format: "int32", description: "The gRPC status code, a value of google.rpc.Code." },
      message: { type: "string", description: "A message for developers, in English." },
      details: { type: "array", items: any, description: "Additional details, such as google.rpc.BadRequest." },
    },
  };
}

/** Errors that the gateway returns before the call. */
const gatewayErrors = [
  "- 405: the path does not support the HTTP method; `Allow` lists the supported ones",
  "- 408: the body did not arrive in time",
  "- 413: the body, or a message in it, is too large",
  "- 415: the content type of the body is not supported",
];

export function errorResponse(status: Schema): Response {
  const codes = Object.values(Code).filter((code) => typeof code === "number" && code !== Code.OK) as Code[];
  const byStatus = Map.groupBy(codes, httpStatus);
  const rows = [...byStatus]
    .sort(([one], [other]) => one - other)
    .map(([http, codes]) => `- ${http}: ${codes.map((code) => Code[code]).join(", ")}`);
  return {
    description: [
      "The call failed. The gRPC status code determines the HTTP status:",
      "",
      ...rows,
      "",
      "Or the gateway rejected the request:",
      "",
      ...gatewayErrors,
    ].join("\n"),
    content: { "application/json": { schema: status } },
  };
}
