// @grpc-study/gateway: one port for every client of a gRPC service, from its descriptors.

export type { JsonOptions } from "@grpc-study/codec/json";
export type { ConsoleLink, ConsoleOptions } from "./console/console-options.ts";
export { type Descriptors, DescriptorsError, readDescriptors } from "./descriptors.ts";
export { createGateway, type Gateway } from "./gateway.ts";
export type { BodyCodec, CallInfo, ErrorInfo, GatewayHooks, RequestInfo, ResponseInfo, RestResponse } from "./hooks.ts";
export { parseRules, readRules } from "./http-rule/read-rules.ts";
export { type HttpRuleInit, RuleError } from "./http-rule/rule.ts";
export type { GatewayObserver, ObservedCall, ObservedEnd, RequestObserver } from "./observe.ts";
export { type OpenApiDocument, type OpenApiOptions, openApi } from "./openapi/index.ts";
export type {
  ConsoleOption,
  CorsOptions,
  GatewayLogger,
  GatewayOptions,
  GatewayServerOptions,
  GatewayUpstreams,
  Upstream,
} from "./options.ts";
export type { Protocol } from "./protocols.ts";
export { type ReflectOptions, reflectServices } from "./reflection.ts";
export type { ConnectionLimits } from "./server/limits.ts";
export type { Listening } from "./server/server.ts";
export type { TypeSource } from "./type-source.ts";
