import { Greeter } from "@grpc-study/proto/push";
import { createClient } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { push } from "./contract/push.ts";
import { addressOf } from "./harness/address-of.ts";
import { client, startClient } from "./harness/client.ts";
import { serve } from "./harness/server.ts";
import { testTopic } from "./harness/topic-suite.ts";

const ask = (...args: string[]) => client(["push", ...args, "--addr", addressOf("push")]);

test("the push client prints the eleven timestamps that the server pushes, one each second", async () => {
  const start = performance.now();
  const { status, stdout, stderr } = await ask("get");
  const tookMs = performance.now() - start;
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const seconds = stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => Number(/^data:"(\d{10})"$/.exec(line)?.[1]));
  expect(seconds).toHaveLength(11);
  expect(seconds).toEqual(seconds.toSorted());
  expect(tookMs).toBeGreaterThan(9_900);
  // The first arrives at once and the last after ten seconds. Timers tend to be late rather than
  // early.
  expect((seconds[10] ?? 0) - (seconds[0] ?? 0)).toBeGreaterThanOrEqual(9);
  expect((seconds[10] ?? 0) - (seconds[0] ?? 0)).toBeLessThanOrEqual(13);
});

describe("push", () => testTopic(push));

test("the push client ends after --count messages", async () => {
  expect(await ask("get", "--count", "1")).toEqual({ status: 0, stdout: expect.stringMatching(/^data:"\d{10}"\n$/), stderr: "" });
});

test("the push server logs each request, and pushes ssss once a second until the half-close", async () => {
  await using server = await serve("push");
  using pushing = createClient(Greeter, server.address);
  const stream = pushing.allStream();
  const start = performance.now();
  for (let n = 0; n < 3; n++) {
    await stream.send({ data: `n${n}` });
    expect(await stream.recv()).toMatchObject({ data: "ssss" });
  }
  expect(performance.now() - start).toBeGreaterThan(1_900);
  stream.closeSend();
  for await (const { data } of stream) expect(data).toBe("ssss");
  await server.logged(({ method, status }) => method === "/Greeter/AllStream" && status === "OK");
  expect(server.messages).toEqual(["n0", "n1", "n2"]);
});

test("the push client pushes in both directions until Ctrl-C, then half-closes and exits with status 0", async () => {
  await using server = await serve("push");
  await using pushing = startClient(["push", "all", "--interval", "10", "--addr", server.address]);
  await pushing.stdout.count(2);
  pushing.kill("SIGINT");
  expect(await pushing.exit).toEqual({ status: 0, signal: null });
  expect({ stdout: new Set(pushing.stdout.lines), stderr: pushing.stderr.text }).toEqual({ stdout: new Set(['data:"ssss"']), stderr: "" });
  await server.logged(({ method, status }) => method === "/Greeter/AllStream" && status === "OK");
});
