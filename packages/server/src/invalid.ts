// The error for a request that breaks a rule which its .proto file cannot express.
import { Code, detail, RpcError } from "@grpc-study/rpc";
import { BadRequestSchema } from "@grpc-study/rpc/error-details";

export function invalid(field: string, description: string): RpcError {
  return new RpcError(Code.INVALID_ARGUMENT, `${field} ${description}`, {
    details: [detail(BadRequestSchema, { fieldViolations: [{ field, description }] })],
  });
}
