// A value that does not fit its field: the same answer wherever it stood, in the path, the query or the body.
import { Code, detail, RpcError } from "@grpc-study/rpc";
import { BadRequestSchema } from "@grpc-study/rpc/error-details";

/**
 * `INVALID_ARGUMENT` with a `google.rpc.BadRequest` detail.
 *
 * @param field its path, as the .proto spells it.
 * @param problem what is wrong, and with which value.
 */
export function invalidField(field: string, problem: string): RpcError {
  return new RpcError(Code.INVALID_ARGUMENT, `${field}: ${problem}`, {
    details: [detail(BadRequestSchema, { fieldViolations: [{ field, description: problem }] })],
  });
}

/** A value as a message shows it: on one line, and not longer than a reader needs. */
export function quote(value: string): string {
  return JSON.stringify(value.length > 64 ? `${value.slice(0, 63)}…` : value);
}
