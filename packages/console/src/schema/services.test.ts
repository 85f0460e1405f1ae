// The tree of services, the search in it, and comments.
import { expect, test } from "vitest";
import { All, registry } from "../../test/types.ts";
import { print } from "../json/edit.ts";
import { parseJson } from "../json/parse.ts";
import { check } from "./check.ts";
import { commentOf } from "./comments.ts";
import { firstRequest } from "./defaults.ts";
import { typeName } from "./scalars.ts";
import { findMethod, type PackageEntry, search, serviceTree } from "./services.ts";

const tree = serviceTree(registry, { rules: { "t.Zoo.Get": [{ verb: "GET", path: "/v1/animals/{string_value}" }] } });

const paths = (packages: readonly PackageEntry[]) =>
  packages.flatMap(({ services }) => services.flatMap(({ methods }) => methods.map(({ path }) => path)));

test("services are sorted, methods keep their order, with kinds, comments and rules", () => {
  expect(paths(tree)).toEqual(["t.Ape/Talk", "t.Zoo/List", "t.Zoo/Get"]);
  expect(findMethod(tree, "t.Zoo/Get")).toMatchObject({
    kind: "unary",
    comment: "Finds one animal.\nQuickly.",
    rules: [{ verb: "GET", path: "/v1/animals/{string_value}" }],
  });
  expect(findMethod(tree, "t.Ape/Talk")?.kind).toBe("bidi_streaming");
  expect(findMethod(tree, "t.Ape/None")).toBeUndefined();
  expect(tree[0]?.services.map(({ comment }) => comment)).toEqual(["", "Animals of all kinds."]);
});

test("only the services of the upstreams are shown", () => {
  expect(paths(serviceTree(registry, { services: ["t.Ape"] }))).toEqual(["t.Ape/Talk"]);
});

test.each([
  ["", ["t.Ape/Talk", "t.Zoo/List", "t.Zoo/Get"]],
  ["  TALK ", ["t.Ape/Talk"]],
  ["quickly", ["t.Zoo/Get"]],
  ["/v1/animals", ["t.Zoo/Get"]],
  ["animals", ["t.Zoo/List", "t.Zoo/Get"]],
  ["zoo get", ["t.Zoo/Get"]],
  ["t.all", ["t.Ape/Talk", "t.Zoo/List", "t.Zoo/Get"]],
  ["zoo talk", []],
  ["<img", []],
])("the search for %j finds %j", (query, found) => {
  expect(paths(search(tree, query))).toEqual(found);
});

test("comments of fields and enum values", () => {
  const colour = registry.getEnum("t.Colour");
  expect([All.fields[0], All.fields[1], colour?.values[1]].map((desc) => desc && commentOf(desc))).toEqual([
    "How much.",
    "",
    "As the sky.",
  ]);
});

test("types have the names of the .proto", () => {
  const names = Object.fromEntries(All.fields.map((field) => [field.name, typeName(field)]));
  expect(names).toMatchObject({
    int32_value: "int32",
    names: "repeated string",
    children: "repeated t.All",
    counts: "map<int32, string>",
    colour: "t.Colour",
  });
});

test("the first request has the scalar fields, and no fault", () => {
  const request = firstRequest(All);
  expect(request).toMatchObject({ int32Value: 0, int64Value: "0", boolValue: false, stringValue: "", colour: "NONE" });
  expect(Object.keys(request as object)).not.toContain("text");
  expect(check(All, parseJson(print(request)).value, registry)).toEqual([]);
});
