// Serves Connect (https://connectrpc.com/docs/protocol).
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, RpcError } from "@grpc-study/rpc";
import { quote } from "../fields/invalid-field.ts";
import type { HttpRequest } from "../http/message.ts";
import type { ProtocolHandler } from "../protocol/handler.ts";
import { isConnectQuery } from "./get-request.ts";
import { contentTypeOf } from "./request-headers.ts";
import { ConnectStream } from "./stream-exchange.ts";
import { ConnectUnary } from "./unary-exchange.ts";

const unaryTypes = "application/json, application/proto";
const streamTypes = "application/connect+json, application/connect+proto";

/** The methods of HTTP for a method without side effects, and for the others. */
const safeMethods = "GET, HEAD, OPTIONS, POST";
const otherMethods = "OPTIONS, POST";

/** Connect at the paths of methods. */
export const connect: ProtocolHandler = {
  accepts(request, _method, needsVersion) {
    if (!needsVersion) return true;
    if (request.method === "GET" || request.method === "HEAD") return isConnectQuery(request.query);
    return isExplicit(request);
  },

  serve(request, response, rpc, settings) {
    const { method } = rpc;
    const { registry } = rpc.options.json;
    const isUnary = method.methodKind === "unary";
    const type = contentTypeOf(request.headers["content-type"]);
    if (request.method === "POST" && type?.format !== undefined && type.stream !== isUnary) {
      if (type.stream) void new ConnectStream(request, response, settings, type.format, registry).serve(rpc, type.format);
      else void new ConnectUnary(request, response, settings, registry).post(rpc, type.format);
      return;
    }
    const exchange = new ConnectUnary(request, response, settings, registry);
    const isSafe = isUnary && method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
    if (request.method === "POST") rejectType(exchange, isUnary);
    else if (isSafe && (request.method === "GET" || request.method === "HEAD")) void exchange.get(rpc);
    else rejectMethod(exchange, isSafe ? safeMethods : otherMethods);
  },

  isExplicit,

  reject(request, response, error, settings) {
    const type = contentTypeOf(request.headers["content-type"]);
    if (type?.stream && type.format !== undefined) new ConnectStream(request, response, settings, type.format, undefined).fail(error);
    else new ConnectUnary(request, response, settings, undefined).reject(error.status, error, error.headers);
  },
};

/** Whether a request is Connect, whatever its path is. */
function isExplicit({ headers }: HttpRequest): boolean {
  const type = contentTypeOf(headers["content-type"]);
  return headers["connect-protocol-version"] !== undefined || (type !== undefined && (type.stream || type.format === "proto"));
}

function rejectMethod(exchange: ConnectUnary, allow: string): void {
  const { method } = exchange.request;
  if (method !== "OPTIONS") {
    const message = `the HTTP method ${method} is not allowed, expected one of: ${allow}`;
    exchange.reject(405, new RpcError(Code.UNKNOWN, message), { allow });
    return;
  }
  exchange.headers["allow"] = allow;
  exchange.send(204);
}

/** Responds with 415, and names the supported types (RFC 9110, section 15.5.16). */
function rejectType(exchange: ConnectUnary, isUnary: boolean): void {
  const { "content-type": value } = exchange.request.headers;
  const types = isUnary ? unaryTypes : streamTypes;
  const actual = value === undefined ? "got none" : `got ${quote(value)}`;
  const isGrpc = /^application\/grpc(?:\+|;|$)/i.test(value ?? "");
  const hint = isGrpc ? ": gRPC needs application/grpc or application/grpc+proto, HTTP/2, and a server of gateway.listen()" : "";
  const message = `content-type must be ${types.replace(", ", " or ")}, ${actual}${hint}`;
  exchange.reject(415, new RpcError(Code.UNKNOWN, message), { "accept-post": types });
}
