import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { recordLog } from "../test/serve-services.ts";
import { readUsers, UsersError, watchUsers } from "./users.ts";

const users = [{ user: "a", token: "secret-token", methods: ["/shop.Orders/New", "/shop.Prods/*"] }];

function file(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "users-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "users.json");
  writeFileSync(path, text);
  return path;
}

test("users are read from a file", () => {
  expect(readUsers(file(JSON.stringify(users)), {})).toEqual(users);
});

test("users are read from the environment, unless a file is named", () => {
  const environment = { GRPC_STUDY_USERS: JSON.stringify([{ user: "b", token: "t" }]) };
  expect(readUsers(undefined, environment)).toEqual([{ user: "b", token: "t" }]);
  expect(readUsers(file(JSON.stringify(users)), environment)).toEqual(users);
  expect(readUsers(undefined, {})).toBeUndefined();
});

test.each([
  ["secret-token", "must be valid JSON"],
  ['{"token":"secret-token"}', "must be a JSON array of users"],
  ['["secret-token"]', "user 1: must be an object"],
  ['[{"token":"secret-token"}]', 'user 1: "user" must be a non-empty string'],
  ['[{"user":"a"}]', 'user 1: "token" must be a non-empty string'],
  ['[{"user":"a","token":""}]', 'user 1: "token" must be a non-empty string'],
  ['[{"user":"a","token":"secret-token","tokens":1}]', 'user 1: has an unknown property "tokens"'],
  [
    '[{"user":"a","token":"secret-token","methods":["NewOrder"]}]',
    'user 1: "methods" must be an array of /package.Service/Method or /package.Service/*',
  ],
])("%s is an error without the token", (text, problem) => {
  const read = () => readUsers(undefined, { GRPC_STUDY_USERS: text });
  expect(read).toThrow(UsersError);
  expect(read).toThrow(problem);
  expect(read).not.toThrow("secret-token");
});

test("the error names a missing file", () => {
  expect(() => readUsers("/nosuch/users.json", {})).toThrow("cannot read /nosuch/users.json: there is no such file");
});

const methods = ["/shop.Orders/New", "/shop.Prods/List", "/SayHello/SayHello"];

/** Watches a file and checks it a hundred times a second. */
function watch(path: string) {
  const { log, lines } = recordLog();
  const list = watchUsers(path, { methods, log, everyMs: 10 });
  if (list === undefined) throw new Error("no users");
  onTestFinished(() => list.close());
  return { list, lines };
}

test("a file is reloaded when it changes", async () => {
  const path = file(JSON.stringify(users));
  const { list, lines } = watch(path);
  expect(list.users).toEqual(users);
  let replaced = 0;
  list.onReplace(() => replaced++);
  for (const renewed of [[{ user: "b", token: "t" }], [], users]) {
    // By a rename, so that no check reads half of it.
    writeFileSync(`${path}.new`, JSON.stringify(renewed));
    renameSync(`${path}.new`, path);
    await expect.poll(() => list.users).toEqual(renewed);
  }
  expect(replaced).toBe(3);
  expect(lines.map(({ level, users }) => [level, users])).toEqual([
    ["info", 1],
    ["info", 0],
    ["info", 1],
  ]);
  expect(JSON.stringify(lines)).not.toContain("secret-token");
});

test.each([
  ["is empty", (path: string) => writeFileSync(path, ""), "must be valid JSON"],
  ["is cut off", (path: string) => writeFileSync(path, JSON.stringify(users).slice(0, 30)), "must be valid JSON"],
  ["is deleted", (path: string) => rmSync(path), "there is no such file"],
  ["has a user without a token", (path: string) => writeFileSync(path, '[{"user":"a"}]'), '"token" must be a non-empty string'],
  [
    "names a method that does not exist",
    (path: string) => writeFileSync(path, '[{"user":"a","token":"secret-token","methods":["/shop.Orders/Nwe"]}]'),
    'user "a": no service has the method /shop.Orders/Nwe',
  ],
])("a file that %s changes nothing, and is logged once", async (_what, spoil, problem) => {
  const path = file(JSON.stringify(users));
  const { list, lines } = watch(path);
  spoil(path);
  await expect.poll(() => lines.length).toBe(1);
  // It is checked several times.
  await delay(100);
  expect(list.users).toEqual(users);
  expect(lines).toMatchObject([{ level: "warn", msg: expect.stringMatching(/; the previous users stay in force$/) }]);
  expect(lines[0]?.msg).toContain(problem);
  expect(JSON.stringify(lines)).not.toContain("secret-token");
  writeFileSync(path, '[{"user":"b","token":"t"}]');
  await expect.poll(() => list.users).toEqual([{ user: "b", token: "t" }]);
});

test.each([
  ["/shop.Orders/Old", false],
  ["/shop.Order/*", false],
  ["/shop/*", false],
  ["/Orders/New", false],
  ["/shop.Orders/New", true],
  ["/shop.Prods/*", true],
  ["/SayHello/*", true],
])("the method %s of a user exists: %s", (pattern, exists) => {
  const path = file(
    JSON.stringify([
      { user: "x", token: "t" },
      { user: "mei", token: "secret-token", methods: [pattern] },
    ]),
  );
  const start = () => watch(path);
  if (exists) expect(start).not.toThrow();
  else {
    expect(start).toThrow(UsersError);
    expect(start).toThrow(`${path}: user "mei": no service has the method ${pattern}`);
  }
});
