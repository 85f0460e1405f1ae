// What every operation may answer instead of its result: google.rpc.Status, with the HTTP status that google.rpc.Code asks for.
import { Code } from "@grpc-study/rpc";
import { httpStatus } from "../http/status.ts";
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

/** What the gateway refuses by itself. */
const refusals = [
  "- 405: the path takes other HTTP methods, which `Allow` names",
  "- 408: the body took too long to come",
  "- 413: the body, or a message in it, is too large",
  "- 415: the body is of a type that is not taken here",
];

export function errorResponse(status: Schema): Response {
  const codes = Object.values(Code).filter((code) => typeof code === "number" && code !== Code.OK) as Code[];
  const byStatus = Map.groupBy(codes, httpStatus);
  const rows = [...byStatus]
    .sort(([one], [other]) => one - other)
    .map(([http, codes]) => `- ${http}: ${codes.map((code) => Code[code]).join(", ")}`);
  return {
    description: [
      "The call has failed. The HTTP status is that of the gRPC status code:",
      "",
      ...rows,
      "",
      "Or there was no call:",
      "",
      ...refusals,
    ].join("\n"),
    content: { "application/json": { schema: status } },
  };
}
