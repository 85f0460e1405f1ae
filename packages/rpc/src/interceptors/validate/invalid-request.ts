// The error for a request that violates rules: INVALID_ARGUMENT, with a message for people and a
// google.rpc.BadRequest detail for programs.
import type { DescMessage, Message } from "@bufbuild/protobuf";
import { type BadRequest_FieldViolation, BadRequestSchema } from "../../../gen/google/rpc/error_details_pb.js";
import { Code } from "../../protocol/code.ts";
import { detail, RpcError } from "../../protocol/error.ts";
import { percentEncode } from "../../protocol/percent-encode.ts";
import type { Fault } from "./checker.ts";
import { fieldViolation } from "./field-violation.ts";

/** The largest size of the detail's texts, in bytes. */
const maxBytes = 4096;

/**
 * The largest size of message and details in the header, in bytes. `fitStatus` then keeps the
 * details.
 */
const maxHeaderBytes = 7 * 1024;

/** The number of violations that the message describes. */
const maxDescribed = 3;

export function invalidRequest(schema: DescMessage, request: Message, violations: readonly Fault[]): RpcError {
  const first = violations.slice(0, maxDescribed).map((violation) => fieldViolation(violation, schema, request));
  const texts = first.map(({ field, description }) => `${field} ${description}`.trimStart());
  const more = violations.length - texts.length;
  const message = `${texts.join("; ")}${more > 0 ? ` (and ${more} more)` : ""}`;
  const fieldViolations = fitting(violations, roomBeside(message), (violation) => fieldViolation(violation, schema, request));
  return new RpcError(Code.INVALID_ARGUMENT, message, { details: [detail(BadRequestSchema, { fieldViolations })] });
}

/**
 * The room for the texts of the detail, which also contains the message and is encoded in base64.
 */
function roomBeside(message: string): number {
  const room = ((maxHeaderBytes - percentEncode(message).length) * 3) / 4 - Buffer.byteLength(message);
  return Math.min(room, maxBytes);
}

/** Returns as many violations as fit, and at least one. */
function fitting(violations: readonly Fault[], room: number, make: (violation: Fault) => BadRequest_FieldViolation) {
  const made: BadRequest_FieldViolation[] = [];
  let bytes = 0;
  for (const violation of violations) {
    const next = make(violation);
    bytes += Buffer.byteLength(next.field) + Buffer.byteLength(next.description) + overhead;
    if (bytes > room && made.length > 0) break;
    made.push(next);
  }
  return made;
}

/** The bytes of a field violation beyond its two texts: tags and lengths. */
const overhead = 7;
