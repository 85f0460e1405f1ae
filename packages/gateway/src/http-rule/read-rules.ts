// Rules that stand beside the .proto: the `http` of a google.api.Service, as grpc-gateway and Google's API configuration have it.
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { HttpSchema } from "../../gen/google/api/http_pb.js";
import { type HttpRuleInit, RuleError } from "./rule.ts";

/**
 * The rules in `{ "http": { "rules": [{ "selector": "shop.v1.Shop.GetItem", "get": "/v1/items/{id}" }] } }`; what else is in the configuration
 * is for others.
 *
 * @throws RuleError
 */
export function readRules(configuration: unknown): readonly HttpRuleInit[] {
  const { http } = (configuration ?? {}) as { readonly http?: JsonValue };
  if (http === undefined) throw new RuleError("the rules have no http: { rules: […] }");
  try {
    return fromJson(HttpSchema, http).rules;
  } catch (error) {
    throw new RuleError(`the rules are none of google.api.http: ${(error as Error).message}`);
  }
}
