// Reads rules from a service configuration: the `http` section of a google.api.Service, as
// grpc-gateway and Google's APIs use it.
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { parse } from "yaml";
import { HttpSchema } from "../../gen/google/api/http_pb.js";
import { type HttpRuleInit, RuleError } from "./rule.ts";

/**
 * Reads the rules of a service configuration,
 * `{ "http": { "rules": [{ "selector": …, "get": … }] } }`,
 * and ignores its other sections. A `google.api.Service` may have no rules.
 *
 * @throws RuleError if the rules are missing or do not fit the schema.
 */
export function readRules(configuration: unknown): readonly HttpRuleInit[] {
  const { http, type } = (configuration ?? {}) as { readonly http?: JsonValue; readonly type?: unknown };
  if (http === undefined && type === "google.api.Service") return [];
  if (http === undefined) throw new RuleError("the configuration has no http: { rules: […] }");
  try {
    return fromJson(HttpSchema, http).rules;
  } catch (error) {
    throw new RuleError(`the rules do not fit google.api.http: ${(error as Error).message}`);
  }
}

/**
 * Parses YAML or JSON, and reads its rules. If the text as a whole is malformed, only the section
 * `http` is parsed: some of Google's configurations have quoted text at the margin, which YAML does
 * not allow.
 *
 * @throws RuleError if the text is malformed, or as `readRules` does.
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
