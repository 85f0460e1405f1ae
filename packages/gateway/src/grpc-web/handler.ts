// Serves gRPC-Web.
import { Code, RpcError } from "@grpc-study/rpc";
import { quote } from "../fields/invalid-field.ts";
import type { HttpRequest } from "../http/message.ts";
import type { ProtocolHandler } from "../protocol/handler.ts";
import { contentTypeOf } from "./content-type.ts";
import { GrpcWebExchange } from "./grpc-web-exchange.ts";

/** gRPC-Web at the paths of methods. */
export const grpcWeb: ProtocolHandler = {
  accepts: isGrpcWeb,

  serve(request, response, method, settings) {
    const type = contentTypeOf(request.headers["content-type"]);
    const exchange = new GrpcWebExchange(request, response, settings, type);
    if (type.format !== undefined) void exchange.serve(method, type.format);
    else exchange.fail(new RpcError(Code.UNIMPLEMENTED, `the messages of a call must be proto or json, got ${quote(type.name)}`));
  },

  isExplicit: isGrpcWeb,

  reject(request, response, error, settings) {
    new GrpcWebExchange(request, response, settings, contentTypeOf(request.headers["content-type"])).fail(error);
  },
};

function isGrpcWeb({ method, headers }: HttpRequest): boolean {
  return method === "POST" && /^\s*application\/grpc-web/i.test(headers["content-type"] ?? "");
}
