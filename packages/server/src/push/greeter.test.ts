import { setTimeout } from "node:timers/promises";
import { Greeter } from "@grpc-study/proto/push";
import { Code, createClient } from "@grpc-study/rpc";
import { beforeEach, expect, test, vi } from "vitest";
import { recordLog, serveServices } from "../../test/serve-services.ts";
import { greeter } from "./greeter.ts";

vi.mock("node:timers/promises", { spy: true });
beforeEach(() => vi.mocked(setTimeout).mockClear());

/** An interval longer than any test. */
const never = 60_000;

/** Counts the pauses between pushes: running, done, or aborted. */
const pauses = () => vi.mocked(setTimeout).mock.settledResults.map(({ type }) => type);

test("GetStream pushes the time in seconds eleven times, once an interval", async () => {
  const client = createClient(Greeter, await serveServices(greeter(recordLog().log, 10)));
  const start = performance.now();
  const times = await Array.fromAsync(client.getStream({ data: "aaa" }), ({ data }) => data);
  // Ten pauses. Timers may fire up to a millisecond early.
  expect(performance.now() - start).toBeGreaterThan(90);
  expect(times).toHaveLength(11);
  for (const time of times) {
    expect(time).toMatch(/^\d+$/);
    expect(Math.abs(Number(time) - Date.now() / 1000)).toBeLessThan(5);
  }
});

test("GetStream pushes at once, and a cancel stops its timer", async () => {
  const client = createClient(Greeter, await serveServices(greeter(recordLog().log, never)));
  const call = client.getStream({ data: "aaa" });
  await call.recv();
  await expect.poll(pauses).toEqual(["incomplete"]);
  call.cancel();
  await expect.poll(pauses).toEqual(["rejected"]);
});

test("PutStream logs the requests and answers with their number", async () => {
  const { log, messages } = recordLog();
  const client = createClient(Greeter, await serveServices(greeter(log)));
  expect((await client.putStream([{ data: "a" }, { data: "b" }, { data: "c" }])).data).toBe("3");
  expect(messages()).toEqual(["a", "b", "c"]);
  expect((await client.putStream([])).data).toBe("0");
});

test("AllStream pushes ssss at once and after each interval, without waiting for requests", async () => {
  const client = createClient(Greeter, await serveServices(greeter(recordLog().log, 10)));
  const call = client.allStream();
  for (let n = 0; n < 3; n++) expect((await call.recv())?.data).toBe("ssss");
  call.cancel();
});

test("AllStream logs the requests, and half-close ends it with OK in the middle of an interval", async () => {
  const { log, messages } = recordLog();
  const client = createClient(Greeter, await serveServices(greeter(log, never)));
  const call = client.allStream();
  await call.send({ data: "one" });
  await call.send({ data: "two" });
  expect((await call.recv())?.data).toBe("ssss");
  call.closeSend();
  expect(await call.recv()).toBeUndefined();
  expect(messages()).toEqual(["one", "two"]);
  await expect.poll(pauses).toEqual(["rejected"]);
});

test("a cancel stops the timer of AllStream", async () => {
  const client = createClient(Greeter, await serveServices(greeter(recordLog().log, never)));
  const call = client.allStream();
  await call.recv();
  await expect.poll(pauses).toEqual(["incomplete"]);
  call.cancel();
  await expect(call.recv()).rejects.toMatchObject({ code: Code.CANCELLED });
  await expect.poll(pauses).toEqual(["rejected"]);
});
