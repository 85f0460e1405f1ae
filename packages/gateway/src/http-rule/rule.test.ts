// Rules that cannot be served are an error at the start, which names the method, or both.
import type { DescMethod } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Things } from "../../test/gen/things_pb.js";
import { allBindings } from "../gateway.ts";
import { Router } from "../router.ts";
import { type Binding, bindingsOf, checkSelectors, type HttpRuleInit, RuleError } from "./rule.ts";

const service = "grpc_study.gateway_test.Things";
const bind = (rule: HttpRuleInit, method: DescMethod = Things.method.plain) =>
  bindingsOf(method, { rules: [{ ...rule, selector: `${service}.${method.name}` }] });
const get = (value: string) => ({ pattern: { case: "get", value } as const });

test.each<[string, HttpRuleInit, RegExp]>([
  ["a template that is none", get("/v1/{"), /no path template.*at character/],
  ["a field that does not exist", get("/v1/{nothing}"), /has no field "nothing"/],
  ["a field of a field that does not exist", get("/v1/{nested.nothing}"), /has no field "nested.nothing"/],
  ["a path through a scalar", get("/v1/{string_value.x}"), /has no field/],
  ["a repeated field in the path", get("/v1/{repeated_value}"), /it is repeated/],
  ["a map in the path", get("/v1/{map_value}"), /it is a map/],
  ["a message in the path", get("/v1/{nested}"), /it is a message/],
  ["a field through a repeated one", get("/v1/{things.string_value}"), /has no field/],
  ["a variable twice", get("/v1/{string_value}/{string_value}"), /twice/],
  ["a body that does not exist", { pattern: { case: "post", value: "/v1" }, body: "nothing" }, /the body/],
  ["a body that is not at the top", { pattern: { case: "post", value: "/v1" }, body: "nested.string_value" }, /the body/],
  ["a body of GET", { ...get("/v1"), body: "*" }, /GET request has no body/],
  ["a response body that does not exist", { ...get("/v1"), responseBody: "nothing" }, /the response_body/],
  ["a custom method that is none", { pattern: { case: "custom", value: { kind: "A B", path: "/v1" } } }, /no HTTP method/],
  ["bindings without a first", { additionalBindings: [get("/v1")] }, /no path/],
  ["an additional binding without a path", { ...get("/v1"), additionalBindings: [{ body: "*" }] }, /without a path/],
  ["bindings within bindings", { ...get("/v1"), additionalBindings: [{ ...get("/v2"), additionalBindings: [get("/v3")] }] }, /within/],
])("%s", (_name, rule, message) => {
  expect(() => bind(rule)).toThrow(RuleError);
  expect(() => bind(rule)).toThrow(message);
  expect(() => bind(rule)).toThrow(`${service}.Plain: `);
});

test("either spelling of a field is taken", () => {
  expect(bind(get("/v1/{stringValue}/{nested.int64_value}"))[0]?.variables.map(({ path }) => path.at(-1)?.name)).toEqual([
    "string_value",
    "int64_value",
  ]);
});

test.each([
  ["/v1/{string_value}", "/v1/{optional_value}"],
  ["/v1/{string_value}", "/v1/*"],
  ["/v1/{string_value=**}", "/v1/**"],
  ["/v1/{string_value=a/*}", "/v1/a/{optional_value}"],
  ["/v1/a%62", "/v1/ab"],
  ["/v1/{string_value}:x", "/v1/*:x"],
])("%s and %s clash, and both methods are named", (one, other) => {
  const rules = [
    { selector: `${service}.Get`, ...get(one) },
    { selector: `${service}.Plain`, ...get(other) },
  ];
  const act = () => {
    const router = new Router<{ binding: Binding }>();
    for (const binding of allBindings({ services: [Things], rules })) router.add({ binding });
  };
  expect(act).toThrow(RuleError);
  expect(act).toThrow(new RegExp(`${service}.Get.*${service}.Plain`));
});

test.each([
  [get("/v1/{string_value}"), { pattern: { case: "post", value: "/v1/{string_value}" } as const }],
  [get("/v1/{string_value}"), get("/v1/{string_value}:verb")],
  [get("/v1/{string_value}"), get("/v1/literal")],
  [get("/v1/**"), get("/v1/**/tail")],
  [get("/v1/x"), { pattern: { case: "custom", value: { kind: "*", path: "/v1/x" } } as const }],
])("%j and %j do not clash", (one, other) => {
  const router = new Router<{ binding: Binding }>();
  for (const binding of [...bind(one), ...bind(other)]) router.add({ binding });
});

test("a binding that a method has twice is named once", () => {
  const router = new Router<{ binding: Binding }>();
  const [first, second] = bind({ ...get("/v1/a"), additionalBindings: [get("/v1/a")] });
  if (first === undefined || second === undefined) throw new Error("two bindings");
  router.add({ binding: first });
  expect(() => router.add({ binding: second })).toThrow(`GET /v1/a would be ${service}.Plain twice`);
});

test("selectors: a method, several, a package; the last one wins; one that selects nothing is an error", () => {
  const rules = [
    { selector: "grpc_study.*", ...get("/all") },
    { selector: `${service}.Get,${service}.Plain`, ...get("/two") },
    { selector: `${service}.Plain`, ...get("/one") },
  ];
  const path = (method: DescMethod) => bindingsOf(method, { rules })[0]?.template.text;
  expect([Things.method.plain, Things.method.get, Things.method.raw].map(path)).toEqual(["/one", "/two", "/all"]);
  expect(() => checkSelectors([{ selector: "a.B.C", ...get("/v1") }], Things.methods)).toThrow(/"a.B.C" selects no method/);
});

test("a method without a rule has no binding, unless it is asked for", () => {
  expect(bindingsOf(Things.method.plain)).toEqual([]);
  expect(bindingsOf(Things.method.plain, { unbound: true })).toMatchObject([
    { verb: "POST", template: { text: `/${service}/Plain` }, body: "*" },
  ]);
});
