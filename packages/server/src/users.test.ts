import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readUsers, UsersError } from "./users.ts";

const users = [{ user: "a", token: "secret-token", methods: ["/shop.Orders/New", "/shop.Prods/*"] }];

function file(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "users-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "users.json");
  writeFileSync(path, text);
  return path;
}

test("users come from a file", () => {
  expect(readUsers(file(JSON.stringify(users)), {})).toEqual(users);
});

test("users come from the environment, and the file goes before it", () => {
  const environment = { GRPC_STUDY_USERS: JSON.stringify([{ user: "b", token: "t" }]) };
  expect(readUsers(undefined, environment)).toEqual([{ user: "b", token: "t" }]);
  expect(readUsers(file(JSON.stringify(users)), environment)).toEqual(users);
  expect(readUsers(undefined, {})).toBeUndefined();
});

test.each([
  ["secret-token", "is no JSON"],
  ['{"token":"secret-token"}', "is no array of users"],
  ['["secret-token"]', "user 1: is no object"],
  ['[{"token":"secret-token"}]', 'user 1: "user" must be a text that is not empty'],
  ['[{"user":"a"}]', 'user 1: "token" must be a text that is not empty'],
  ['[{"user":"a","token":""}]', 'user 1: "token" must be a text that is not empty'],
  ['[{"user":"a","token":"secret-token","tokens":1}]', 'user 1: has an unknown property "tokens"'],
  [
    '[{"user":"a","token":"secret-token","methods":["NewOrder"]}]',
    'user 1: "methods" must be an array of /package.Service/Method or /package.Service/*',
  ],
])("%s is refused, and the message has no token", (text, problem) => {
  const read = () => readUsers(undefined, { GRPC_STUDY_USERS: text });
  expect(read).toThrow(UsersError);
  expect(read).toThrow(problem);
  expect(read).not.toThrow("secret-token");
});

test("a file that is not there is named", () => {
  expect(() => readUsers("/nosuch/users.json", {})).toThrow("cannot read /nosuch/users.json: ENOENT");
});
