// @grpc-study/gateway: any gRPC service as an HTTP/JSON API, from its descriptors.

export type { JsonOptions } from "@grpc-study/codec/json";
export { type Descriptors, DescriptorsError, readDescriptors } from "./descriptors.ts";
export { gateway } from "./gateway.ts";
export { parseRules, readRules } from "./http-rule/read-rules.ts";
export { type HttpRuleInit, RuleError } from "./http-rule/rule.ts";
export { type OpenApiDocument, type OpenApiOptions, openApi } from "./openapi/index.ts";
export type { GatewayOptions, Upstream } from "./options.ts";
export { type ReflectOptions, reflectServices } from "./reflection.ts";
export { createGateway, type GatewayServerOptions } from "./server/create-gateway.ts";
export type { ConnectionLimits, GatewayTls } from "./server/http-server.ts";
export type { TypeSource } from "./type-source.ts";
