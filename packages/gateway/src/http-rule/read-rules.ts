// Rules that stand beside the .proto: the `http` of a google.api.Service, as grpc-gateway and Google's API configuration have it.
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { parse } from "yaml";
import { HttpSchema } from "../../gen/google/api/http_pb.js";
import { type HttpRuleInit, RuleError } from "./rule.ts";

/**
 * The rules in `{ "http": { "rules": [{ "selector": "shop.v1.Shop.GetItem", "get": "/v1/items/{id}" }] } }`. The rest of the configuration is
 * ignored. A `google.api.Service` may have no rules.
 *
 * @throws RuleError
 */
export function readRules(configuration: unknown): readonly HttpRuleInit[] {
  const { http, type } = (configuration ?? {}) as { readonly http?: JsonValue; readonly type?: unknown };
  if (http === undefined && type === "google.api.Service") return [];
  if (http === undefined) throw new RuleError("the rules have no http: { rules: […] }");
  try {
    return fromJson(HttpSchema, http).rules;
  } catch (error) {
    throw new RuleError(`the rules do not fit google.api.http: ${(error as Error).message}`);
  }
}

/**
 * The same from YAML or JSON. Where the text as a whole is malformed, the section `http` counts by itself: some of Google's configurations have
 * quoted text at the margin, which YAML does not allow.
 *
 * @throws RuleError
 */
export function parseRules(text: string): readonly HttpRuleInit[] {
  let configuration: unknown;
  try {
    configuration = parse(text);
  } catch (error) {
    const [section] = /^http:.*\n(?:(?![\w-]+:).*\n)*/m.exec(`${text}\n`) ?? [];
    try {
      configuration = section === undefined ? undefined : parse(section);
    } catch {}
    if (configuration === undefined) throw new RuleError(`the rules are malformed YAML: ${(error as Error).message.split("\n")[0]}`);
  }
  return readRules(configuration);
}
