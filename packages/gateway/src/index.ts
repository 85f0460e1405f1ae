// @grpc-study/gateway: any gRPC service as an HTTP/JSON API, from its descriptors.
export { gateway } from "./gateway.ts";
export { type HttpRuleInit, RuleError } from "./http-rule/rule.ts";
export type { JsonOptions } from "./json/index.ts";
export type { GatewayOptions } from "./options.ts";
