// How a request is refused: INVALID_ARGUMENT, with what is wrong for people in the message, and for programs in a detail.
import type { DescMessage, Message } from "@bufbuild/protobuf";
import { type BadRequest_FieldViolation, BadRequestSchema } from "../../gen/google/rpc/error_details_pb.js";
import { Code } from "../code.ts";
import { detail, RpcError } from "../error.ts";
import type { Fault } from "./checker.ts";
import { fieldViolation } from "./field-violation.ts";

/**
 * How many bytes of text the detail may have. It goes out in a header, in base64, and with no more than this the header stays below the
 * 8 KiB that grpc-java and C-core allow one unless told.
 */
const maxBytes = 4096;

/** How many faults the message names. */
const named = 3;

export function refusal(schema: DescMessage, request: Message, violations: readonly Fault[]): RpcError {
  const fieldViolations: BadRequest_FieldViolation[] = [];
  let bytes = 0;
  for (const violation of violations) {
    const next = fieldViolation(violation, schema, request);
    bytes += Buffer.byteLength(next.field) + Buffer.byteLength(next.description) + overhead;
    if (bytes > maxBytes && fieldViolations.length > 0) break;
    fieldViolations.push(next);
  }
  const texts = fieldViolations.slice(0, named).map(({ field, description }) => `${field} ${description}`.trimStart());
  const more = violations.length - texts.length;
  const message = `${texts.join("; ")}${more > 0 ? ` (and ${more} more)` : ""}`;
  return new RpcError(Code.INVALID_ARGUMENT, message, { details: [detail(BadRequestSchema, { fieldViolations })] });
}

/** Of a field violation: the tags and lengths around the two texts. */
const overhead = 7;
