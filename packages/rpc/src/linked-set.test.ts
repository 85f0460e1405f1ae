import { expect, test } from "vitest";
import { LinkedSet } from "./linked-set.ts";

class Member {
  readonly name: string;
  previous: Member | undefined;
  next: Member | undefined;
  constructor(name: string) {
    this.name = name;
  }
}

function filled() {
  const set = new LinkedSet<Member>();
  const members = ["a", "b", "c"].map((name) => new Member(name));
  for (const member of members) set.add(member);
  return { set, members };
}
const names = (set: LinkedSet<Member>) => [...set].map(({ name }) => name).sort();

test.each([0, 1, 2])("member %i of three can be deleted once, and keeps no reference to another member", (index) => {
  const { set, members } = filled();
  const [left] = members.splice(index, 1);
  if (left === undefined) throw new Error("no such member");
  expect(set.has(left)).toBe(true);
  expect([set.delete(left), set.delete(left), set.has(left)]).toEqual([true, false, false]);
  expect(left).toMatchObject({ previous: undefined, next: undefined });
  expect(names(set)).toEqual(members.map(({ name }) => name));
  set.add(left);
  expect(names(set)).toEqual(["a", "b", "c"]);
});

test("all members can be deleted during iteration", () => {
  const { set } = filled();
  expect(set.isEmpty).toBe(false);
  for (const member of set) set.delete(member);
  expect(set.isEmpty).toBe(true);
  expect(names(set)).toEqual([]);
});
