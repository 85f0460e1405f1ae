// The keys of an issuer: when they are requested, and what holds while the issuer is down.
import type { JSONWebKeySet } from "jose";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createKey, type Key } from "../../test/issuer.ts";
import { remoteSettings } from "./options.ts";
import { KeysUnavailable, RemoteKeys } from "./remote-keys.ts";

let nowMs = 1e6;
let one: Key;
let two: Key;

beforeEach(async () => {
  [one, two] = await Promise.all([createKey("one"), createKey("two")]);
  nowMs = 1e6;
  vi.spyOn(performance, "now").mockImplementation(() => nowMs);
});
afterEach(() => void vi.restoreAllMocks());

const second = 1_000;
const minute = 60 * second;

function remote() {
  const load = vi.fn<() => Promise<JSONWebKeySet>>();
  const onReloadError = vi.fn();
  const keys = new RemoteKeys(load, remoteSettings({ onReloadError }));
  const has = (...those: readonly Key[]) => void load.mockImplementation(async () => ({ keys: those.map(({ publicJwk }) => publicJwk) }));
  const fails = () => void load.mockImplementation(() => Promise.reject(new Error("down")));
  has(one);
  /** `true`: the key is found, `false`: it does not exist, `unavailable`: that is unknown. */
  const find = ({ kid }: Key) =>
    keys.find({ alg: "ES256", kid }).then(
      (found) => found.length === 1,
      (error: unknown) => {
        if (error instanceof KeysUnavailable) return "unavailable";
        throw error;
      },
    );
  return { keys, load, onReloadError, has, fails, find };
}

test("calls that arrive together share one request", async () => {
  const { find, load } = remote();
  expect(await Promise.all([find(one), find(one), find(two)])).toEqual([true, true, false]);
  expect(load).toHaveBeenCalledTimes(1);
});

describe("age", () => {
  test("the keys are requested in the background after half of maxAgeS, and awaited after all of it", async () => {
    const { find, load, has, keys } = remote();
    await find(one);
    nowMs += 4 * minute;
    await find(one);
    expect(load).toHaveBeenCalledTimes(1);

    nowMs += 2 * minute;
    let respond = (_set: JSONWebKeySet) => {};
    load.mockImplementation(() => new Promise((resolve) => (respond = resolve)));
    expect(await find(one)).toBe(true);
    expect(await find(one)).toBe(true);
    expect(load).toHaveBeenCalledTimes(2);
    respond({ keys: [two.publicJwk] });
    await vi.waitFor(async () => expect(keys.generation).toBe(2), 10_000);
    expect(await find(one)).toBe(false);

    has(one);
    nowMs += 11 * minute;
    expect(await find(one)).toBe(true);
    expect(load).toHaveBeenCalledTimes(3);
  });

  test("the generation changes with the keys only", async () => {
    const { find, keys, has } = remote();
    await find(one);
    expect(keys.generation).toBe(1);
    nowMs += 11 * minute;
    await find(one);
    expect(keys.generation).toBe(1);
    has(one, two);
    nowMs += 11 * minute;
    await find(one);
    expect(keys.generation).toBe(2);
  });
});

describe("rotation", () => {
  test("an unknown key is looked for at the issuer, at most once in cooldownS", async () => {
    const { find, load, has } = remote();
    await find(one);
    has(one, two);
    expect(await find(two)).toBe(false);
    expect(load).toHaveBeenCalledTimes(1);
    nowMs += 10 * second;
    expect(await Promise.all([find(two), find(two)])).toEqual([true, true]);
    expect(load).toHaveBeenCalledTimes(2);
  });

  test("tokens with random keys cause one request in cooldownS", async () => {
    const { find, load } = remote();
    for (let i = 0; i < 1_000; i++) {
      await find({ ...one, kid: `random ${i}` });
      nowMs += 100;
    }
    expect(load.mock.calls.length).toBeLessThanOrEqual(11);
    expect(load.mock.calls.length).toBeGreaterThanOrEqual(9);
  });

  test("a key that the issuer has removed is no longer used", async () => {
    const { find, has } = remote();
    await find(one);
    has(two);
    nowMs += 10 * minute;
    expect(await find(one)).toBe(false);
    expect(await find(two)).toBe(true);
  });
});

describe("outage", () => {
  test("the last keys stay in use for staleS, and then there are none", async () => {
    const { find, fails, onReloadError } = remote();
    await find(one);
    fails();
    for (let hours = 0; hours < 24; hours++) {
      expect(await find(one)).toBe(true);
      nowMs += 60 * minute;
    }
    nowMs += 11 * minute;
    expect(await find(one)).toBe("unavailable");
    expect(onReloadError).toHaveBeenCalledWith(expect.objectContaining({ message: "down" }));
  });

  test("before the first keys, calls are unavailable, and requests pause for 1, 2, 4, 8 and then 10 s", async () => {
    const { find, load, fails, has } = remote();
    fails();
    const requestedAt: number[] = [];
    const startMs = nowMs;
    for (let i = 0; i < 400; i++) {
      const before = load.mock.calls.length;
      expect(await find(one)).toBe("unavailable");
      if (load.mock.calls.length > before) requestedAt.push((nowMs - startMs) / second);
      nowMs += 100;
    }
    expect(requestedAt).toEqual([0, 1, 3, 7, 15, 25, 35]);
    has(one);
    nowMs += 10 * second;
    expect(await find(one)).toBe(true);

    // The next outage begins with a pause of 1 s again.
    fails();
    nowMs += 11 * minute;
    await find(one);
    const before = load.mock.calls.length;
    nowMs += 1.1 * second;
    await find(one);
    expect(load.mock.calls.length).toBe(before + 1);
  });

  test("an unknown key is unavailable rather than wrong, and known ones stay in use", async () => {
    const { find, fails, has } = remote();
    await find(one);
    fails();
    nowMs += 20 * second;
    expect(await find(two)).toBe("unavailable");
    expect(await find(two)).toBe("unavailable");
    expect(await find(one)).toBe(true);
    has(one, two);
    nowMs += 2 * second;
    expect(await find(two)).toBe(true);
  });

  test.each<[string, unknown]>([
    ["no keys", { keys: [] }],
    ["no set", { error: "maintenance" }],
    ["keys that are no objects", { keys: [5] }],
  ])("a response with %s counts as a failure", async (_, response) => {
    const { find, load, onReloadError } = remote();
    await find(one);
    load.mockImplementation(async () => response as JSONWebKeySet);
    nowMs += 11 * minute;
    expect(await find(one)).toBe(true);
    expect(onReloadError).toHaveBeenCalledTimes(1);
  });

  test("ready() rejects with the reason, and resolves once there are keys", async () => {
    const { keys, fails, has, load } = remote();
    fails();
    await expect(keys.ready()).rejects.toThrow("down");
    has(one);
    await keys.ready();
    await keys.ready();
    expect(load).toHaveBeenCalledTimes(2);
  });

  test("an error of onReloadError() changes nothing", async () => {
    const { find, fails, onReloadError } = remote();
    onReloadError.mockImplementation(() => {
      throw new Error("in the hook");
    });
    fails();
    expect(await find(one)).toBe("unavailable");
  });
});
