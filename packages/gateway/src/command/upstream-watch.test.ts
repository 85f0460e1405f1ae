import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UpstreamWatch, type Watched } from "./upstream-watch.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A server that a test controls, and what the watch says about it. */
function watch({ refreshMs = Number.POSITIVE_INFINITY, up = true } = {}) {
  const events: string[] = [];
  const server = { name: "a", state: "idle" as Watched["state"], up, version: 1, reads: 0 };
  let seen = 0;
  const watched: Watched = {
    name: "a",
    get state() {
      return server.state;
    },
    async read() {
      server.reads++;
      if (!server.up) {
        server.state = "failed";
        throw new Error("down");
      }
      server.state = "ready";
      const changed = server.version !== seen;
      seen = server.version;
      return changed;
    },
  };
  const one = new UpstreamWatch(
    watched,
    { changed: () => events.push("changed"), lost: ({ message }) => events.push(message), found: () => events.push("found") },
    refreshMs,
  );
  return { events, server, watch: one };
}

test("reads nothing while the server is up and there is no timer", async () => {
  const { events, server, watch: one } = watch();
  await one.refresh();
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect([events, server.reads]).toEqual([["changed"], 1]);
  one.close();
});

test("reads on the timer, and reports changes only", async () => {
  const { events, server, watch: one } = watch({ refreshMs: 60_000 });
  await one.refresh();
  await vi.advanceTimersByTimeAsync(200_000);
  expect([events, server.reads]).toEqual([["changed"], 4]);
  server.version = 2;
  await vi.advanceTimersByTimeAsync(60_500);
  expect(events).toEqual(["changed", "changed"]);
  one.close();
});

test("reads when the connection is lost, and reports a state once, whatever the number of attempts", async () => {
  const { events, server, watch: one } = watch();
  await one.refresh();
  server.up = false;
  server.state = "idle";
  await vi.advanceTimersByTimeAsync(120_000);
  expect(events).toEqual(["changed", "down"]);
  // From one second up to ten seconds between attempts.
  expect(server.reads).toBeGreaterThan(10);
  expect(server.reads).toBeLessThan(30);
  server.up = true;
  await vi.advanceTimersByTimeAsync(12_000);
  expect(events).toEqual(["changed", "down", "found"]);
  one.close();
});

test("a server that restarts between two looks is read again", async () => {
  const { events, server, watch: one } = watch();
  await one.refresh();
  server.state = "idle";
  server.version = 2;
  await vi.advanceTimersByTimeAsync(500);
  expect([events, server.reads]).toEqual([["changed", "changed"], 2]);
  one.close();
});

test("a server that is down at first is found later", async () => {
  const { events, server, watch: one } = watch({ up: false });
  await one.refresh();
  expect(one.failure?.message).toBe("down");
  server.up = true;
  await vi.advanceTimersByTimeAsync(2_000);
  expect([events, one.failure]).toEqual([["down", "found", "changed"], undefined]);
  one.close();
});

test("concurrent refreshes read once, and a closed watch does nothing", async () => {
  const { events, server, watch: one } = watch();
  const both = [one.refresh(), one.refresh()];
  one.close();
  await Promise.all(both);
  server.state = "idle";
  await vi.advanceTimersByTimeAsync(60_000);
  expect([events, server.reads, vi.getTimerCount()]).toEqual([[], 1, 0]);
});
