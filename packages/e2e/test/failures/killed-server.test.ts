// The server process is killed in the middle of a stream.
import { Greeter } from "@grpc-study/proto/push";
import { Code, createClient } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { startClient } from "../harness/client.ts";
import { serve } from "../harness/server.ts";

/** Much shorter than any deadline, keepalive or connect timeout; milliseconds. */
const soonMs = 3_000;

test.each(["get", "put", "all"])("our client's push %s reports the killed server on one line", async (call) => {
  await using server = await serve("push");
  await using pushing = startClient(["push", call, "--interval", "100", "--count", "1000", "--addr", server.address]);
  // PutStream responds only at its end, but its handler logs each request.
  if (call === "put") await server.logged(({ msg }) => msg === "ss");
  else await pushing.stdout.count(1);

  server.kill("SIGKILL");
  const start = performance.now();
  expect(await pushing.exit).toEqual({ status: 1, signal: null });
  expect(performance.now() - start).toBeLessThan(soonMs);
  expect(pushing.stderr.text).toMatch(/^UNAVAILABLE: .+\n$/);
  // The earlier responses are printed, in whole lines.
  expect(pushing.stdout.text).toMatch(call === "put" ? /^$/ : /^(data:"\w+"\n)+$/);
});

test("streaming calls of our library reject with UNAVAILABLE", async () => {
  await using server = await serve("push");
  using client = createClient(Greeter, server.address);
  const get = client.getStream({});
  const put = client.putStream();
  const all = client.allStream();
  await Promise.all([get.recv(), put.send({ data: "a" }), all.recv()]);
  await server.logged(({ msg }) => msg === "a");

  server.kill("SIGKILL");
  const start = performance.now();
  for (const answer of [get.recv(), put.closeAndRecv(), all.recv()]) await expect(answer).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  expect(performance.now() - start).toBeLessThan(soonMs);
  expect(await all.send({})).toBe(false);
});

test("our client fails fast while the server is down, and recovers once a new server listens", async () => {
  const first = await serve("push");
  using client = createClient(Greeter, first.address);
  try {
    expect((await client.putStream([{}])).data).toBe("1");
    first.kill("SIGKILL");
    await first.exit;
    await expect(client.putStream([{}])).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  } finally {
    await first[Symbol.asyncDispose]();
  }
  await using _second = await serve("push", { args: ["--port", `${first.port}`] });
  // The channel backs off before it reconnects.
  const put = async () => {
    for (;;) {
      const answer = await client.putStream([{}, {}]).catch(() => undefined);
      if (answer !== undefined) return answer.data;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  expect(await put()).toBe("2");
});
