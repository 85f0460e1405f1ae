// Two servers are replaced one after another behind a changing name, under calls and streams:
// `pnpm --filter @grpc-study/e2e drain` in a short form.
import { expect, test } from "vitest";
import { drain } from "../../drain/drain.ts";

// Other systems have one loopback address.
test.skipIf(process.platform !== "linux")(
  "no idempotent call is lost, and streams are told to reconnect",
  { timeout: 90_000 },
  async () => {
    const streams = 20;
    const { phases, failures, exits, streamServers, messages } = await drain({
      callsPerSecond: 100,
      streams,
      calmMs: 300,
      preStopMs: 300,
      graceMs: 500,
    });
    expect(failures).toEqual([]);
    for (const { codes } of phases) expect(Object.keys(codes)).toEqual(["OK"]);
    expect(exits).toEqual({ a: { status: 0, signal: null }, b: { status: 0, signal: null } });

    // A server that has ended gets no calls.
    const [, , second, , last] = phases;
    expect(Object.keys(second?.servers ?? {}).sort()).toEqual(["b", "c"]);
    expect(Object.keys(last?.servers ?? {}).sort()).toEqual(["c", "d"]);

    // Each stream of a stopped server was told to reconnect, and is now on another server.
    const told = phases.map((phase) => phase.told);
    expect(told[0]).toBe(0);
    expect(told[1]).toBeGreaterThan(0);
    expect(told[3]).toBeGreaterThan(0);
    expect([...streamServers.values()].reduce((sum, count) => sum + count, 0)).toBe(streams);
    for (const server of streamServers.keys()) expect(["c", "d"]).toContain(server);
    expect(messages).toBeGreaterThan(streams);
  },
);
