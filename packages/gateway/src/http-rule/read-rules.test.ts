// Rules in a service configuration, as grpc-gateway and Google's APIs use it.
import { expect, test } from "vitest";
import { parseRules } from "./read-rules.ts";
import { RuleError } from "./rule.ts";

const rules = [{ selector: "a.B.C", pattern: { case: "get", value: "/v1/c" } }];

test.each([
  ["YAML", "type: google.api.Service\nhttp:\n  rules:\n  - selector: a.B.C\n    get: /v1/c\nname: x\n"],
  ["JSON", '{"http":{"rules":[{"selector":"a.B.C","get":"/v1/c"}],"fullyDecodeReservedExpansion":true}}'],
  [
    "quoted text at the margin, as in cloudfunctions_v1.yaml",
    "documentation:\n  overview: 'Functions executed in response to\nevents.'\n  rules:\n  - selector: x\n\nhttp:\n  rules:\n  - selector: a.B.C\n    get: /v1/c\n\nauthentication:\n  rules: []\n",
  ],
])("%s", (_form, text) => {
  expect(parseRules(text)).toMatchObject(rules);
});

test("a service may have no rules; other files throw a RuleError", () => {
  expect(parseRules("type: google.api.Service\nname: x.googleapis.com\n")).toEqual([]);
  for (const text of ["", "rules: []", "http: [", "'", "http:\n  rules:\n  - selektor: x\n"]) {
    expect(() => parseRules(text), text).toThrow(RuleError);
  }
});
