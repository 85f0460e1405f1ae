// The path cases of grpc-gateway, grpc-httpjson-transcoding and vanguard-go: the template that a path matches,
// and the values of its variables.
import { expect, test } from "vitest";
import { RequestBinder } from "../src/fields/bind-request.ts";
import { type Binding, bindingsOf, rulesBySelector } from "../src/http-rule/rule.ts";
import { parseTemplate } from "../src/http-rule/template.ts";
import { Router } from "../src/router.ts";
import { pathCases } from "./cases/paths.ts";
import { vanguardPaths } from "./cases/vanguard.ts";
import { PathsService, type Variables } from "./gen/paths_pb.js";

const options = { json: {}, rejectUnknownParameters: false };

test.each([...pathCases, ...vanguardPaths])("$from", ({ templates, lookups }) => {
  const router = new Router<{ binding: Binding; binder: RequestBinder }>();
  for (const template of templates) {
    const selector = "grpc_study.gateway_test.PathsService.Find";
    const bindings = bindingsOf(PathsService.method.find, {
      rules: rulesBySelector([{ selector, pattern: { case: "get", value: template } }]),
    });
    for (const binding of bindings) router.add({ binding, binder: new RequestBinder(binding, options) });
  }
  for (const [path, template, values = {}] of lookups) {
    const found = router.match("GET", path);
    if (found === undefined) {
      expect([path, undefined]).toEqual([path, template]);
      continue;
    }
    const { route, segments } = found;
    expect([path, route.binding.template.text]).toEqual([path, template]);
    const message = route.binder.bind({ segments, query: "" }) as Variables;
    const variables = parseTemplate(route.binding.template.text).variables.map(({ field }) => field);
    const bound = Object.fromEntries(variables.map((name) => [name, Reflect.get(message, name)]));
    expect(bound).toEqual(values);
  }
});

// Quadratic lookup would take minutes.
test.each([
  ["with verbs", ["/v1/{a=**}:count", "/v1/{a=**}:a:b", "/v1/{a=*}"]],
  ["without verbs", ["/v1/{a=**}"]],
])("lookup of a path with a million colons is linear, %s", (_, templates) => {
  const router = new Router<{ binding: Binding }>();
  const selector = "grpc_study.gateway_test.PathsService.Find";
  for (const value of templates) {
    const rules = [{ selector, pattern: { case: "get" as const, value } }];
    for (const binding of bindingsOf(PathsService.method.find, { rules: rulesBySelector(rules) })) router.add({ binding });
  }
  const colons = ":".repeat(1_000_000);
  expect(router.match("GET", `/v1/x${colons}`)).toMatchObject({ segments: ["v1", `x${colons}`] });
  expect(router.match("GET", `/none/x${colons}`)).toBeUndefined();
  if (templates.length > 1) expect(router.match("GET", `/v1/x${colons}count`)).toMatchObject({ segments: ["v1", `x${colons.slice(1)}`] });
});

test("matches a verb in any percent-encoding", () => {
  const router = new Router<{ binding: Binding }>();
  const rules = [
    { selector: "grpc_study.gateway_test.PathsService.Find", pattern: { case: "get" as const, value: "/v1/{a=*}:%E6%95%B0%20x" } },
  ];
  for (const binding of bindingsOf(PathsService.method.find, { rules: rulesBySelector(rules) })) router.add({ binding });
  for (const verb of ["%E6%95%B0%20x", "%e6%95%b0%20%78", "数%20x"]) {
    expect(router.match("GET", `/v1/${":".repeat(100)}:${verb}`)).toMatchObject({ segments: ["v1", ":".repeat(100)] });
  }
});
