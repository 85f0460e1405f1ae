// How the shop refuses a field: the same facts for people and for programs.
import { Code, detail, RpcError } from "@grpc-study/rpc";
import { BadRequestSchema } from "@grpc-study/rpc/error-details";

/**
 * `INVALID_ARGUMENT` with a `google.rpc.BadRequest` detail.
 *
 * @param field as the .proto names it.
 * @param problem what is wrong with it, for example `must not be negative`.
 */
export function invalidArgument(field: string, value: number, problem: string): RpcError {
  const description = `${problem}, is ${value}`;
  return new RpcError(Code.INVALID_ARGUMENT, `${field} ${description}`, {
    details: [detail(BadRequestSchema, { fieldViolations: [{ field, description }] })],
  });
}
