// Lets callers with the API key in.
import { Code, type Context, RpcError, secretEquals } from "@grpc-study/rpc";
import { type CanActivate, type ExecutionContext, Injectable } from "@nestjs/common";

@Injectable()
export class KeyGuard implements CanActivate {
  private readonly key: string;

  constructor() {
    const { API_KEY } = process.env;
    if (!API_KEY) throw new Error("API_KEY must be set");
    this.key = API_KEY;
  }

  canActivate(context: ExecutionContext): boolean {
    const { metadata } = context.switchToRpc().getContext<Context>();
    if (!secretEquals(metadata.get("x-api-key") ?? "", this.key)) {
      throw new RpcError(Code.UNAUTHENTICATED, "x-api-key is missing or wrong");
    }
    return true;
  }
}
