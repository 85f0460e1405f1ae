// Rules for paths that the gateway serves itself.
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { HttpRuleSchema } from "../gen/google/api/http_pb.js";
import { Things } from "../test/gen/things_pb.js";
import { ownPathsOf, serverPaths } from "./own-paths.ts";
import { servedBindings } from "./routes.ts";

/** The warnings for a rule for GET with a path. */
function warningsOf(path: string): string[] {
  const warnings: string[] = [];
  const rule = create(HttpRuleSchema, { selector: `${Things.typeName}.Get`, pattern: { case: "get", value: path } });
  servedBindings(
    { services: [Things], upstream: "localhost:1", paths: serverPaths(undefined), rules: [rule], conflicts: "keep-first" },
    (message) => warnings.push(message),
  );
  return warnings.filter((warning) => warning.includes(`GET ${path} `)).map((warning) => warning.replace(/ of \S+ matches/, ":"));
}

test.each([
  ["/healthz", ["/healthz"]],
  ["/docs", ["/docs"]],
  ["/openapi.json", ["/openapi.json"]],
  ["/docs/{string_value}", ["/docs/start.js"]],
  ["/docs/{string_value=**}", ["/docs"]],
  ["/docs2/{string_value}", []],
])("a rule for %s warns of the paths that it shadows", (path, shadowed) => {
  expect(warningsOf(path)).toEqual(shadowed.map((own) => expect.stringContaining(`GET ${path}: ${own}, which the gateway serves itself`)));
});

test.each([
  [{ health: "/docs" }, 'paths.docs and paths.health are both "/docs"'],
  [{ docs: "/openapi.json" }, 'paths.openApi and paths.docs are both "/openapi.json"'],
])("two paths of the gateway cannot be the same: %j", (paths, message) => {
  const all = serverPaths(paths);
  expect(() => ownPathsOf({ services: [Things], upstream: "localhost:1", paths: all })).toThrow(message);
  // A disabled path is no path.
  expect(() => ownPathsOf({ services: [Things], upstream: "localhost:1", paths: all, openApi: false })).not.toThrow();
});
