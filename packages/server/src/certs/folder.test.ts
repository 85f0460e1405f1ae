import { resolve } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { commandFor, defaultFolder } from "./folder.ts";

afterEach(() => void vi.unstubAllEnvs());

test("the default folder is certs at the root of the repository, or GRPC_STUDY_CERTS", () => {
  vi.stubEnv("GRPC_STUDY_CERTS", "");
  expect(defaultFolder()).toBe(resolve(import.meta.dirname, "../../../../certs"));
  vi.stubEnv("GRPC_STUDY_CERTS", "/elsewhere");
  expect(defaultFolder()).toBe("/elsewhere");
});

test("a command names a folder that is not the default one, in quotes if necessary", () => {
  expect(commandFor(defaultFolder(), "--force")).toBe("npx -y pnpm@12 certs --force");
  expect(commandFor("/a/b")).toBe("npx -y pnpm@12 certs --certs /a/b");
  expect(commandFor("/a b")).toBe('npx -y pnpm@12 certs --certs "/a b"');
});
