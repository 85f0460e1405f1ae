import { expect, test } from "vitest";
import { defaultChannelLimits } from "../../../limits/limits.ts";
import { SharedState } from "./shared-state.ts";

const stateWith = (limits: Partial<typeof defaultChannelLimits>) =>
  new SharedState({
    target: "shop.example:50051",
    authority: "shop.example:50051",
    serverName: "shop.example",
    certificates: undefined,
    proxy: undefined,
    limits: { ...defaultChannelLimits, ...limits },
  });

test("pingLess() doubles the keepalive interval each time", () => {
  const state = stateWith({ keepaliveTimeMs: 10_000 });
  const intervals = [0, 1, 2].map(() => {
    const { keepalive } = state.http2Options;
    state.pingLess();
    return keepalive;
  });
  expect(intervals).toEqual([10_000, 20_000, 40_000].map((interval) => ({ interval, timeout: 20_000 })));
});

test("limits are capped at the largest values that the engine accepts", () => {
  const { keepalive, ...windows } = stateWith({
    keepaliveTimeMs: Number.POSITIVE_INFINITY,
    streamWindowBytes: Number.POSITIVE_INFINITY,
    connectionWindowBytes: 1.5,
    maxWindowBytes: 2 ** 40,
  }).http2Options;
  expect(keepalive).toBeUndefined();
  expect(windows).toMatchObject({ initialWindowSize: 2 ** 31 - 1, connectionWindowSize: 2, maxWindowSize: 2 ** 31 - 1 });
});
