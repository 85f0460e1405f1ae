import { describe, expect, test } from "vitest";
import { hello } from "./contract/hello.ts";
import { addressOf } from "./harness/address-of.ts";
import { client } from "./harness/client.ts";
import { testTopic } from "./harness/topic-suite.ts";

describe("hello", () => testTopic(hello));

test("the hello server answers on both loopback addresses", async () => {
  const port = addressOf("hello").split(":")[1];
  for (const host of ["127.0.0.1", "[::1]", "localhost"]) {
    expect(await client(["hello", "--addr", `${host}:${port}`])).toMatchObject({ status: 0, stderr: "" });
  }
});
