// The path cases of grpc-gateway and of grpc-httpjson-transcoding: which template a path matches, and what its variables are.
import { expect, test } from "vitest";
import { RequestBinder } from "../src/fields/bind-request.ts";
import { type Binding, bindingsOf } from "../src/http-rule/rule.ts";
import { parseTemplate } from "../src/http-rule/template.ts";
import { Router } from "../src/router.ts";
import { pathCases } from "./cases/paths.ts";
import { PathsService, type Variables } from "./gen/paths_pb.js";

const options = { json: {}, refuseUnknownParameters: false };

test.each(pathCases)("$from", ({ templates, lookups }) => {
  const router = new Router<{ binding: Binding; binder: RequestBinder }>();
  for (const template of templates) {
    const selector = "grpc_study.gateway_test.PathsService.Find";
    const bindings = bindingsOf(PathsService.method.find, { rules: [{ selector, pattern: { case: "get", value: template } }] });
    for (const binding of bindings) router.add({ binding, binder: new RequestBinder(binding, options) });
  }
  for (const [path, template, values = {}] of lookups) {
    const found = router.find("GET", path);
    if (found === undefined || !("route" in found)) {
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
