// Reads violations that a server sends as buf.validate.Violations.
import { fromBinary } from "@bufbuild/protobuf";
import { type FieldPathElement, type Violation, ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { fromBase64 } from "../json/bytes.ts";
import type { FieldViolation } from "../schema/violations.ts";

/** @throws Error if the bytes are not such a message. */
export function violationsOf(base64: string): FieldViolation[] {
  return fromBinary(ViolationsSchema, fromBase64(base64)).violations.map(({ field, message, ruleId, forKey }: Violation) => ({
    field: (field?.elements ?? []).map(partOf).join("").replace(/^\./, ""),
    text: message || ruleId,
    ofKey: forKey,
  }));
}

function partOf({ fieldName, subscript }: FieldPathElement): string {
  const { case: kind, value } = subscript;
  return `.${fieldName}${kind === undefined ? "" : `[${kind === "stringKey" ? JSON.stringify(value) : String(value)}]`}`;
}
