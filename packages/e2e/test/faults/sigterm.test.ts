// SIGTERM during 500 calls a second and 100 open streams: every accepted call completes, and no
// rejected call was executed.
import { setTimeout } from "node:timers/promises";
import { UserService } from "@grpc-study/proto/shop";
import { Code, createClient, RpcError } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { serve } from "../harness/server.ts";
import { until } from "../harness/until.ts";
import { Load } from "./load.ts";

const callsPerSecond = 500;
const streams = 100;
/** The grace period of the command, in milliseconds. */
const graceMs = 10_000;

test("every accepted call completes; streams may use the grace period, and then end with UNAVAILABLE", { timeout: 60_000 }, async () => {
  await using server = await serve("shop", { args: ["--security", "plain"] });
  using users = createClient(UserService, server.address);
  const open = Array.from({ length: streams }, () => users.getUserScoreByDoubleEndStream());
  const turn = async (stream: (typeof open)[number]) => {
    expect(await stream.send({ users: [{ userId: 1 }] })).toBe(true);
    expect((await stream.recv())?.users).toHaveLength(1);
  };
  await Promise.all(open.map(turn));

  const load = new Load(callsPerSecond, () => users.getUserScore({ users: [{ userId: 1 }] }));
  await setTimeout(1_000);
  server.kill("SIGTERM");
  const start = performance.now();
  await until(() => (load.codes["UNAVAILABLE"] ?? 0) > 0);

  // The streams continue; half of them half-close and end normally.
  await Promise.all(open.map(turn));
  const half = open.slice(0, streams / 2);
  for (const stream of half) stream.closeSend();
  expect(await Promise.all(half.map((stream) => stream.recv()))).toEqual(half.map(() => undefined));
  await setTimeout(500);
  await load.stop();

  const ends = await Promise.allSettled(open.slice(streams / 2).map((stream) => stream.recv()));
  for (const end of ends) {
    const error = RpcError.from((end as PromiseRejectedResult).reason);
    expect([error.code, error.message]).toEqual([Code.UNAVAILABLE, "the server is shutting down"]);
  }
  expect(await server.exit).toEqual({ status: 0, signal: null });
  const tookMs = performance.now() - start;
  expect(tookMs).toBeGreaterThan(graceMs - 500);
  expect(tookMs).toBeLessThan(graceMs + 5_000);

  // Each call ends with one of two codes, and the server logged exactly the successful ones.
  expect(Object.keys(load.codes).sort()).toEqual(["OK", "UNAVAILABLE"]);
  const done = server.stderr.lines.map((line) => JSON.parse(line)).filter(({ method }) => method === "/services.UserService/GetUserScore");
  expect(new Set(done.map(({ status }) => status))).toEqual(new Set(["OK"]));
  expect(done).toHaveLength(load.answered);
  expect(load.answered).toBeGreaterThan(callsPerSecond * 0.5);
});
