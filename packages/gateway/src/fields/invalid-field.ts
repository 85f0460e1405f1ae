// The error for a value that does not fit its field, whether it is in the path, the query or the
// body.
import { Code, detail, RpcError } from "@grpc-study/rpc";
import { BadRequestSchema } from "@grpc-study/rpc/error-details";

/**
 * Creates an `INVALID_ARGUMENT` error with a `google.rpc.BadRequest` detail.
 *
 * @param field the path of the field, in .proto names.
 * @param problem what is wrong, with the value.
 */
export function invalidField(field: string, problem: string): RpcError {
  return new RpcError(Code.INVALID_ARGUMENT, `${field}: ${problem}`, {
    details: [detail(BadRequestSchema, { fieldViolations: [{ field, description: problem }] })],
  });
}

/** Quotes a value for a message: on one line, at most 64 characters. */
export function quote(value: string): string {
  return JSON.stringify(value.length > 64 ? `${value.slice(0, 63)}…` : value);
}
