// How a request is refused: INVALID_ARGUMENT, with what is wrong for people in the message, and for programs in a detail.
import type { DescMessage, Message } from "@bufbuild/protobuf";
import { type BadRequest_FieldViolation, BadRequestSchema } from "../../../gen/google/rpc/error_details_pb.js";
import { Code } from "../../protocol/code.ts";
import { detail, RpcError } from "../../protocol/error.ts";
import { percentEncode } from "../../protocol/percent-encode.ts";
import type { Fault } from "./checker.ts";
import { fieldViolation } from "./field-violation.ts";

/** How many bytes of text the detail may have. */
const maxBytes = 4096;

/** How many bytes message and details may have in the header, so that `fitStatus` leaves the details in it. */
const maxHeaderBytes = 7 * 1024;

/** How many faults the message names. */
const named = 3;

export function refusal(schema: DescMessage, request: Message, violations: readonly Fault[]): RpcError {
  const first = violations.slice(0, named).map((violation) => fieldViolation(violation, schema, request));
  const texts = first.map(({ field, description }) => `${field} ${description}`.trimStart());
  const more = violations.length - texts.length;
  const message = `${texts.join("; ")}${more > 0 ? ` (and ${more} more)` : ""}`;
  const fieldViolations = fitting(violations, roomBeside(message), (violation) => fieldViolation(violation, schema, request));
  return new RpcError(Code.INVALID_ARGUMENT, message, { details: [detail(BadRequestSchema, { fieldViolations })] });
}

/** What is left to the texts of the detail, which holds the message too and goes in base64. */
function roomBeside(message: string): number {
  const room = ((maxHeaderBytes - percentEncode(message).length) * 3) / 4 - Buffer.byteLength(message);
  return Math.min(room, maxBytes);
}

/** As many violations as have room, and one at least. */
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

/** Of a field violation: the tags and lengths around the two texts. */
const overhead = 7;
