import { describe, expect, test } from "vitest";
import { streams } from "./contract/streams.ts";
import { client } from "./harness/client.ts";
import { serve } from "./harness/server.ts";
import { testTopic } from "./harness/topic-suite.ts";

describe("streams", () => testTopic(streams));

test("the streams server logs the requests of a stream in order", async () => {
  await using server = await serve("streams");
  await client(["streams", "--addr", server.address]);
  await server.stop();
  expect(server.messages.slice(0, 10)).toEqual([
    ...[0, 1, 2, 3, 4].map((n) => `stream client rpc ${n}`),
    ...[0, 1, 2, 3, 4].map((n) => `from stream client question: stream client rpc ${n}`),
  ]);
});
