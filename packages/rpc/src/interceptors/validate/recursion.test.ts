// Recursive types: the order of compilation does not affect which rules are checked.
import { create, type DescMessage } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { expect, test } from "vitest";
import { DirSchema, EntrySchema, IgnoringSchema, ReadingSchema } from "../../../test/gen/recursive_pb.js";
import { makeRandom } from "../../../test/random/random.ts";
import { breakRule, randomRecursiveTypes, randomValid } from "../../../test/random/recursive-rules.ts";
import { Checker } from "./checker.ts";
import { check } from "./index.ts";

const faultsOf = (checker: Checker, schema: DescMessage, init: object) =>
  checker.check(schema, create(schema, init as never)).map(({ field, ruleId }) => `${pathToString(field)}: ${ruleId}`);

const orders: readonly (readonly [string, readonly DescMessage[]])[] = [
  ["the outer type first", [DirSchema, EntrySchema]],
  ["the inner type first", [EntrySchema, DirSchema]],
  ["neither", []],
];

test.each(orders)("mutually recursive types, compiled with %s: the rules of both apply at any depth", (_, order) => {
  const checker = new Checker();
  for (const schema of order) checker.prepare(schema);
  const nested = (name: string, depth: number): object =>
    depth === 0 ? { label: "d", entries: [{ name }] } : { label: "d", entries: [{ name: "e", dir: nested(name, depth - 1) }] };
  for (let depth = 0; depth < 20; depth++) {
    expect(faultsOf(checker, DirSchema, nested("fine", depth))).toEqual([]);
    expect(faultsOf(checker, DirSchema, nested("", depth))).toEqual([`${"entries[0].dir.".repeat(depth)}entries[0].name: string.min_len`]);
    expect(faultsOf(checker, EntrySchema, { name: "e", dir: nested("", depth) })).toHaveLength(1);
  }
  const both = { label: "", entries: [{ name: "e" }, { name: "", dir: { label: "", entries: [{ name: "" }] } }] };
  expect(faultsOf(checker, DirSchema, both).sort()).toEqual([
    "entries[1].dir.entries[0].name: string.min_len",
    "entries[1].dir.label: string.min_len",
    "entries[1].name: string.min_len",
    "label: string.min_len",
  ]);
});

test("a message with ten thousand levels is checked completely", () => {
  let message = create(EntrySchema, { name: "" });
  for (let depth = 0; depth < 10_000; depth++) message = create(EntrySchema, { name: "e", dir: { label: "d", entries: [message] } });
  expect(new Checker().check(EntrySchema, message)).toHaveLength(1);
});

test("the rule `ignore` excludes the messages of a field, a list or a map, and nothing else", () => {
  const bad = { id: -1 };
  expect(check(IgnoringSchema, { id: 1, single: bad, list: [bad], map: { a: bad } })).toEqual([]);
  const both = check(IgnoringSchema, { id: 1, counted: [{ id: 1, checked: bad }], checked: { id: 1, single: bad, checked: bad } });
  expect(both.map(({ field }) => field)).toEqual(["checked.checked.id", "counted[0].checked.id"]);
});

test("an expression can read the fields of nested messages", () => {
  expect(check(ReadingSchema, { name: "a", inner: { name: "a", inner: { name: "a" } } })).toEqual([]);
  expect(check(ReadingSchema, { name: "a", inner: { name: "a", inner: { name: "b" } } }).map(({ field }) => field)).toEqual(["inner"]);
});

const seeds = Array.from({ length: 40 }, (_, index) => index + 1);

test("in random recursive types, compiled in any order, exactly the one violation is found at any depth", () => {
  const depths = new Map<number, number>();
  for (const seed of seeds) {
    const random = makeRandom(seed * 7919);
    const types = randomRecursiveTypes(random);
    const root = random.pick(types);
    const checker = new Checker();
    for (const schema of [...types].sort(() => random.int(3) - 1).slice(random.int(types.length + 1))) checker.prepare(schema);
    for (let times = 0; times < 5; times++) {
      const made = randomValid(random, root, 6);
      const [{ message } = { message: create(root) }] = made;
      expect(checker.check(root, message), `seed ${seed}, valid`).toEqual([]);
      const deepest = made.filter(({ depth }) => depth === Math.max(...made.map((each) => each.depth)));
      const target = random.pick(random.chance(0.5) ? made : deepest);
      const path = breakRule(random, target);
      const found = checker.check(root, message).map(({ field }) => pathToString(field));
      expect(found, `seed ${seed}, depth ${target.depth}`).toEqual([path]);
      expect(
        check(root, message).map(({ field }) => field),
        `seed ${seed}, shared`,
      ).toEqual([path]);
      depths.set(target.depth, (depths.get(target.depth) ?? 0) + 1);
    }
  }
  // Each depth had violations.
  for (let depth = 0; depth <= 6; depth++) expect(depths.get(depth), `depth ${depth}`).toBeGreaterThan(0);
});
