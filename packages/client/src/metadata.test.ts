import { expect, test } from "vitest";
import { addMetadata } from "./metadata.ts";

test("entries add up, and keys become lower case", () => {
  const entries = ["User=xiaoming", "token=a=b", "token="].reduce<ReturnType<typeof addMetadata>>(
    (all, text) => addMetadata(text, all),
    {},
  );
  expect(entries).toEqual({ user: ["xiaoming"], token: ["a=b", ""] });
});

test("the value of a -bin key is base64", () => {
  expect(addMetadata("trace-bin=AAEC")).toEqual({ "trace-bin": [Buffer.of(0, 1, 2)] });
});

test.each(["secret", "=secret", "a b=secret", "grpc-timeout=secret", "trace-bin=secret!", "token=secret\n", "token=secretÄ"])(
  "%j is an error that does not repeat it",
  (text) => {
    expect(() => addMetadata(text)).toThrow(/^--metadata: (?!.*secret)/);
  },
);
