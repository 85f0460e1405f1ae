import { expect, test } from "vitest";
import { tokenCredentials } from "./credentials.ts";

const metadataOf = (...args: Parameters<typeof tokenCredentials>) =>
  tokenCredentials(...args)?.getRequestMetadata("https://localhost/SayHello", new AbortController().signal);

test("user and token come from the options, and from the environment where those say nothing", () => {
  const environment = { GRPC_STUDY_USER: "env", GRPC_STUDY_TOKEN: "secret" };
  expect(metadataOf({ user: "a", token: "t" }, environment)).toEqual({ user: "a", token: "t" });
  expect(metadataOf({ user: "a" }, environment)).toEqual({ user: "a", token: "secret" });
  expect(metadataOf({}, environment)).toEqual({ user: "env", token: "secret" });
});

test("without a token there are no credentials", () => {
  expect(tokenCredentials({ user: "a" }, {})).toBeUndefined();
});

test("transport security is required if the user says so", () => {
  expect(tokenCredentials({ token: "t" }, {})?.requireTransportSecurity).toBe(false);
  expect(tokenCredentials({ token: "t", requireTransportSecurity: true }, {})?.requireTransportSecurity).toBe(true);
});

test("a token that metadata cannot carry is refused, and not repeated", () => {
  const make = () => tokenCredentials({ token: "密码" }, {});
  expect(make).toThrow("user and token must be printable ASCII");
  expect(make).not.toThrow("密码");
});
