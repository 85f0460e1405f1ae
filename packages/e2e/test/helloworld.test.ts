import { describe, expect, test } from "vitest";
import { helloworld } from "./contract/helloworld.ts";
import { client } from "./harness/client.ts";
import { serve } from "./harness/server.ts";
import { testTopic } from "./harness/topic-suite.ts";

describe("helloworld", () => testTopic(helloworld));

test("the helloworld server logs the name that it greeted, and the call", async () => {
  await using server = await serve("helloworld");
  await client(["helloworld", "--name", "小明", "--addr", server.address]);
  await server.logged(({ msg }) => msg === "Received: 小明");
  expect(await server.logged(({ msg }) => msg === "call")).toMatchObject({
    level: "info",
    topic: "helloworld",
    method: "/proto.Greeter/SayHello",
    status: "OK",
  });
});
