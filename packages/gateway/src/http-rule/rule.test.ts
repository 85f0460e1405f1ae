// Invalid rules throw at start. The error names the method, or both methods.
import type { DescMethod } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Things } from "../../test/gen/things_pb.js";
import { Router } from "../router.ts";
import { type AllBindingsOptions, allBindings } from "./all-bindings.ts";
import { type Binding, bindingsOf, checkSelectors, type HttpRuleInit, RuleError, rulesBySelector } from "./rule.ts";

const service = "grpc_study.gateway_test.Things";
const bind = (rule: HttpRuleInit, method: DescMethod = Things.method.plain) =>
  bindingsOf(method, { rules: rulesBySelector([{ ...rule, selector: `${service}.${method.name}` }]) });
/** The bindings and warnings for rules. */
function all(rules: readonly HttpRuleInit[], options: Partial<AllBindingsOptions> = {}): { paths: string[]; warnings: string[] } {
  const warnings: string[] = [];
  const upstreams = [{ name: "a:1", services: [Things] }];
  const bindings = allBindings({ upstreams, rules, warn: (message) => warnings.push(message), ...options });
  return { paths: bindings.map(({ verb, template, method }) => `${verb} ${template.text} ${method.name}`), warnings };
}
const rule = (method: string, rest: HttpRuleInit): HttpRuleInit => ({ ...rest, selector: `${service}.${method}` });
/** Removes the rules of all methods. */
const unbound = Things.methods.map(({ name }) => rule(name, {}));
const get = (value: string) => ({ pattern: { case: "get", value } as const });

test.each<[string, HttpRuleInit, RegExp]>([
  ["a malformed template", get("/v1/{"), /is not a path template.*at character/],
  ["a field that does not exist", get("/v1/{nothing}"), /has no field "nothing"/],
  ["a field of a field that does not exist", get("/v1/{nested.nothing}"), /has no field "nested.nothing"/],
  ["a path through a scalar", get("/v1/{string_value.x}"), /has no field/],
  ["a repeated field in the path", get("/v1/{repeated_value}"), /it is repeated/],
  ["a map in the path", get("/v1/{map_value}"), /it is a map/],
  ["a message in the path", get("/v1/{nested}"), /it is a message/],
  ["a field through a repeated one", get("/v1/{things.string_value}"), /has no field/],
  ["a repeated variable", get("/v1/{string_value}/{string_value}"), /twice/],
  ["a body that does not exist", { pattern: { case: "post", value: "/v1" }, body: "nothing" }, /the body/],
  ["a body that is not a top-level field", { pattern: { case: "post", value: "/v1" }, body: "nested.string_value" }, /the body/],
  ["a GET with a body", { ...get("/v1"), body: "*" }, /GET request cannot have a body/],
  ["a response body that does not exist", { ...get("/v1"), responseBody: "nothing" }, /the response_body/],
  ["a malformed custom method", { pattern: { case: "custom", value: { kind: "A B", path: "/v1" } } }, /does not support the HTTP method/],
  [
    "a custom method that Node cannot parse",
    { pattern: { case: "custom", value: { kind: "LOCATE", path: "/v1" } } },
    /the HTTP method "LOCATE"/,
  ],
  ["a custom method for proxies", { pattern: { case: "custom", value: { kind: "CONNECT", path: "/v1" } } }, /the HTTP method "CONNECT"/],
  ["only additional bindings", { additionalBindings: [get("/v1")] }, /no path/],
  ["an additional binding without a path", { ...get("/v1"), additionalBindings: [{ body: "*" }] }, /has no path/],
  ["nested additional bindings", { ...get("/v1"), additionalBindings: [{ ...get("/v2"), additionalBindings: [get("/v3")] }] }, /within/],
])("%s", (_name, rule, message) => {
  expect(() => bind(rule)).toThrow(RuleError);
  expect(() => bind(rule)).toThrow(message);
  expect(() => bind(rule)).toThrow(`${service}.Plain: `);
});

test("fields may be in snake_case or camelCase", () => {
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
])("%s and %s conflict, and the error names both methods", (one, other) => {
  const rules = [
    { selector: `${service}.Get`, ...get(one) },
    { selector: `${service}.Plain`, ...get(other) },
  ];
  const act = () => all(rules);
  expect(act).toThrow(RuleError);
  expect(act).toThrow(new RegExp(`${service}.Get.*${service}.Plain`));
});

test.each([
  [get("/v1/{string_value}"), { pattern: { case: "post", value: "/v1/{string_value}" } as const }],
  [get("/v1/{string_value}"), get("/v1/{string_value}:verb")],
  [get("/v1/{string_value}"), get("/v1/literal")],
  [get("/v1/**"), get("/v1/**/tail")],
  [get("/v1/x"), { pattern: { case: "custom", value: { kind: "*", path: "/v1/x" } } as const }],
])("%j and %j do not conflict", (one, other) => {
  const router = new Router<{ binding: Binding }>();
  for (const binding of [...bind(one), ...bind(other)]) router.add({ binding });
});

test("identical bindings of a method are merged; different ones conflict", () => {
  const twice = rule("Plain", { ...get("/v1/{string_value}"), additionalBindings: [get("/v1/{string_value}"), get("/v1/{stringValue}")] });
  expect(all([...unbound, twice])).toEqual({ paths: ["GET /v1/{string_value} Plain"], warnings: [] });
  const differing = rule("Plain", { ...get("/v1/{string_value}"), additionalBindings: [get("/v1/{optional_value}")] });
  expect(() => all([...unbound, differing])).toThrow(
    `GET /v1/{string_value} of ${service}.Plain and GET /v1/{optional_value} of ${service}.Plain match the same requests: change one of the paths`,
  );
});

test("keep-first turns a conflict into a warning, and serves the first rule", () => {
  const rules = [...unbound, rule("Get", get("/v1/{string_value}")), rule("Plain", get("/v1/*"))];
  expect(all(rules, { conflicts: "keep-first" })).toEqual({
    paths: ["GET /v1/{string_value} Get"],
    warnings: [
      `GET /v1/{string_value} of ${service}.Get and GET /v1/* of ${service}.Plain match the same requests: the gateway serves the first`,
    ],
  });
  expect(() => all(rules)).toThrow('conflicts: "keep-first" (--conflicts keep-first)');
});

test("reports all faults at once", () => {
  const rules = [
    ...unbound,
    rule("Get", { ...get("/v1/{nothing}/{nested}"), responseBody: "nobody", additionalBindings: [get("v1")] }),
    rule("Plain", { pattern: { case: "post", value: "/v1/x" }, body: "nested.string_value" }),
    rule("Gett", get("/v1")),
    rule("Create", get("/v1/{string_value}")),
    rule("Part", get("/v1/{optional_value}")),
  ];
  const faults = [
    `the rule for "${service}.Gett" does not select a method`,
    `${service}.Get: grpc_study.gateway_test.Thing has no field "nothing", which is in the path`,
    `${service}.Get: the path cannot contain the field "nested": it is a message`,
    `${service}.Get: grpc_study.gateway_test.Thing has no field "nobody", which is the response_body`,
    `${service}.Get: "v1" is not a path template`,
    `GET /v1/{string_value} of ${service}.Create and GET /v1/{optional_value} of ${service}.Part match the same requests`,
    `${service}.Plain: grpc_study.gateway_test.Thing has no field "nested.string_value" at its top level, where the field must be, which is the body`,
  ];
  let thrown: unknown;
  try {
    all(rules);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(RuleError);
  expect((thrown as RuleError).faults).toEqual(faults.map((fault) => expect.stringContaining(fault)));
  expect((thrown as RuleError).message.split("\n")).toHaveLength(faults.length);
});

test.each<[string, HttpRuleInit[], string[]]>([
  [
    "Firestore's document, hidden by the lists below it",
    [
      rule("Get", get("/v1/{string_value=documents/*/**}")),
      rule("Plain", {
        ...get("/v1/{string_value=documents/*/**}/{optional_value}"),
        additionalBindings: [get("/v1/{string_value=documents}/{optional_value}")],
      }),
    ],
    [
      "GET /v1/{string_value=documents/*/**} of X.Get is never reached: GET /v1/{string_value=documents}/{optional_value} of X.Plain matches its paths first",
    ],
  ],
  [
    "a wildcard with one path left",
    [rule("Get", get("/v1/{string_value=**}")), rule("Plain", get("/v1/{string_value=**}/{optional_value}"))],
    [],
  ],
  ["a wildcard beside literal text", [rule("Get", get("/v1/{string_value}")), rule("Plain", get("/v1/text"))], []],
  [
    "any HTTP method, with one of them taken",
    [rule("Get", { pattern: { case: "custom", value: { kind: "*", path: "/v1" } } }), rule("Plain", get("/v1"))],
    [],
  ],
  ["a verb", [rule("Get", get("/v1/{string_value}:verb")), rule("Plain", get("/v1/{string_value}"))], []],
])("warns of rules that are never reached: %s", (_what, rules, warnings) => {
  expect(all([...unbound, ...rules]).warnings).toEqual(warnings.map((warning) => warning.replaceAll("X.", `${service}.`)));
});

test("a rule for one of the gateway's own paths is a conflict unless it also matches others", () => {
  const ownPaths = [{ path: "/healthz", option: "paths.health (--health-path)" }];
  const problem = `GET /healthz of ${service}.Get matches /healthz, which the gateway serves itself`;
  const literal = [...unbound, rule("Get", get("/healthz"))];
  expect(() => all(literal, { ownPaths })).toThrow(`${problem}: use paths.health (--health-path) to move it`);
  expect(all(literal, { ownPaths, conflicts: "keep-first" }).warnings).toEqual([`${problem}: the gateway serves its own response`]);
  expect(all([...unbound, rule("Get", get("/{string_value}"))], { ownPaths }).warnings).toEqual([
    `GET /{string_value} of ${service}.Get matches /healthz, which the gateway serves itself: use paths.health (--health-path) to move it`,
  ]);
  expect(all([...unbound, rule("Get", { pattern: { case: "post", value: "/healthz" } })], { ownPaths }).warnings).toEqual([]);
});

test("a service that two upstreams have is a conflict", () => {
  const upstreams = [
    { name: "a:1", services: [Things] },
    { name: "b:2", services: [Things] },
  ];
  const problem = `a:1 and b:2 both have the service ${service}`;
  expect(() => all([], { upstreams })).toThrow(`${problem}: remove it from one of them`);
  expect(all([], { upstreams, conflicts: "keep-first" }).warnings).toContain(`${problem}: a:1 serves it`);
});

test("selectors name one method, several, or a package; the last one wins; an unknown method throws", () => {
  const rules = [
    { selector: "grpc_study.*", ...get("/all") },
    { selector: `${service}.Get,${service}.Plain`, ...get("/two") },
    { selector: `${service}.Plain`, ...get("/one") },
  ];
  const path = (method: DescMethod) => bindingsOf(method, { rules: rulesBySelector(rules) })[0]?.template.text;
  expect([Things.method.plain, Things.method.get, Things.method.raw].map(path)).toEqual(["/one", "/two", "/all"]);
  const warnings: string[] = [];
  const check = (selector: string) => checkSelectors([{ selector, ...get("/v1") }], [Things], (message) => warnings.push(message));
  expect(() => check(`${service}.Gett`)).toThrow(/Gett" does not select a method$/);
  // A service configuration has rules for services that not every server of the API implements.
  check("google.longrunning.Operations.GetOperation");
  check("google.longrunning.*");
  expect(warnings).toEqual([
    'the rule for "google.longrunning.Operations.GetOperation" is ignored: its service is not served',
    'the rule for "google.longrunning.*" is ignored: its service is not served',
  ]);
});

test("a method without a rule has a binding only with unbound", () => {
  expect(bindingsOf(Things.method.plain)).toEqual([]);
  expect(bindingsOf(Things.method.plain, { unbound: true })).toMatchObject([
    { verb: "POST", template: { text: `/${service}/Plain` }, body: "*" },
  ]);
});
