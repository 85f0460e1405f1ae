// The log cannot be written: the disk is full, the reader has exited, or the reader does not read.
// The server keeps serving, and its memory does not grow.
import { readFile } from "node:fs/promises";
import { Greeter } from "@grpc-study/proto/helloworld";
import { createClient } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { startGateway } from "../gateway/gateways.ts";
import { askHttp1 } from "../gateway/http.ts";
import { heldMib, probed } from "../harness/resources.ts";
import { serve } from "../harness/server.ts";

const full = 'exec "$@" 2>/dev/full';
const gone = 'exec "$@" 2> >(exec true)';
/** The reader ends with the test, which kills the process group. */
const stuck = 'exec "$@" 2> >(exec sleep 60)';

// /dev/full and /proc are Linux's.
describe.skipIf(process.platform !== "linux")("a log", { concurrent: false, timeout: 60_000 }, () => {
  test.each([
    ["on a disk that is full", full],
    ["whose reader has gone", gone],
    ["whose reader does not read", stuck],
  ])("%s: the server responds, and buffers at most a few MiB", async (_, shell) => {
    await using server = await serve("helloworld", { ...probed, shell });
    using client = createClient(Greeter, server.address);
    // Each call logs two lines of at most two kilobytes.
    const name = "x".repeat(1_900);
    const round = async (calls: number) => {
      for (let done = 0; done < calls; done += 50) await Promise.all(Array.from({ length: 50 }, () => client.sayHello({ name })));
    };
    await round(3_000);
    const before = await heldMib(server);
    await round(6_000);
    expect((await heldMib(server)) - before, "MiB more").toBeLessThan(8);
    server.kill(shell === stuck ? "SIGKILL" : "SIGTERM");
    expect(await server.exit).toEqual(shell === stuck ? { status: null, signal: "SIGKILL" } : { status: 0, signal: null });
  });

  test("on a disk that is full: the workers respond, and are not restarted", async () => {
    await using server = await serve("helloworld", { shell: full, args: ["--workers", "2"] });
    const children = () => readFile(`/proc/${server.pid}/task/${server.pid}/children`, "utf8");
    const before = await children();
    for (let clients = 0; clients < 4; clients++) {
      using client = createClient(Greeter, server.address);
      for (let calls = 0; calls < 50; calls++) await client.sayHello({ name: "a" });
    }
    expect(await children()).toBe(before);
    server.kill("SIGTERM");
    expect(await server.exit).toEqual({ status: 0, signal: null });
  });

  test.each([
    ["on a disk that is full", full],
    ["whose reader has gone", gone],
  ])("%s: the gateway responds, and shuts down cleanly", async (_, shell) => {
    await using server = await serve("shop", { args: ["--security", "plain"] });
    await using gateway = await startGateway(server.address, [], { shell });
    for (let requests = 0; requests < 100; requests++) {
      expect(await askHttp1(`${gateway.url}/v1/prod/1?prod_area=B`)).toMatchObject({ status: 200 });
    }
    gateway.kill("SIGTERM");
    expect(await gateway.exit).toEqual({ status: 0, signal: null });
  });
});
