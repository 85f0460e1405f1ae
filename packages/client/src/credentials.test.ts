import { expect, test } from "vitest";
import { tokenCredentials } from "./credentials.ts";

const metadataOf = (...args: Parameters<typeof tokenCredentials>) =>
  tokenCredentials(...args)?.getRequestMetadata("https://localhost/SayHello", new AbortController().signal);

test("user and token come from the options, or else from the environment", () => {
  const environment = { GRPC_STUDY_USER: "env", GRPC_STUDY_TOKEN: "secret" };
  expect(metadataOf({ user: "a", token: "t" }, environment)).toEqual({ user: "a", token: "t" });
  expect(metadataOf({ user: "a" }, environment)).toEqual({ user: "a", token: "secret" });
  expect(metadataOf({}, environment)).toEqual({ user: "env", token: "secret" });
});

test("without a token there are no credentials", () => {
  expect(tokenCredentials({ user: "a" }, {})).toBeUndefined();
});

test("--require-transport-security requires transport security", () => {
  expect(tokenCredentials({ token: "t" }, {})?.requireTransportSecurity).toBe(false);
  expect(tokenCredentials({ token: "t", requireTransportSecurity: true }, {})?.requireTransportSecurity).toBe(true);
});

test("a token that metadata cannot carry is an error that does not contain the token", () => {
  const make = () => tokenCredentials({ token: "密码" }, {});
  expect(make).toThrow("user and token must be printable ASCII");
  expect(make).not.toThrow("密码");
});
