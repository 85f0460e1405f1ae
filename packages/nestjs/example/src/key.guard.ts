// Lets callers with the API key in.
import { Code, type Context, RpcError, secretEquals } from "@grpc-study/rpc";
import { type CanActivate, type ExecutionContext, Injectable } from "@nestjs/common";

@Injectable()
export class KeyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { metadata } = context.switchToRpc().getContext<Context>();
    if (!secretEquals(metadata.get("x-api-key") ?? "", process.env["API_KEY"] ?? "a long random text")) {
      throw new RpcError(Code.UNAUTHENTICATED, "x-api-key is missing or wrong");
    }
    return true;
  }
}
