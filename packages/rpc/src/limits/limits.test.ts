import { expect, test } from "vitest";
import { connect, failureOf, start } from "../../test/harness.ts";
import { Code, createChannel, createServer } from "../index.ts";
import { defaultChannelLimits, defaultServerLimits } from "./limits.ts";

test("given limits override the defaults", async () => {
  const { client } = await start({ unary: () => ({}) }, { limits: { maxReceiveMessageBytes: 100 } });
  expect(await client.unary({ data: new Uint8Array(50) })).toBeDefined();
  expect(await failureOf(client.unary({ data: new Uint8Array(200) }))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
});

test("Infinity turns a limit off", async () => {
  const none = Object.fromEntries(Object.keys(defaultServerLimits).map((name) => [name, Number.POSITIVE_INFINITY]));
  const { client } = await start({ unary: ({ data }) => ({ count: data.length }) }, { limits: none });
  expect((await client.unary({ data: new Uint8Array(5_000_000) })).count).toBe(5_000_000);
});

test.each([0, -1, Number.NaN])("a limit of %d is a RangeError that names it", (value) => {
  expect(() => createServer({ limits: { maxConnections: value } })).toThrow(
    `limits.maxConnections must be an integer of at least 1, or Infinity, got ${value}`,
  );
});

test.each([
  ["maxReceiveMessageBytes", 1.5],
  ["maxConcurrentStreams", 0.5],
  ["keepaliveTimeMs", 0],
  ["resetsPerSecond", -1],
])("limits.%s rejects %d", (name, value) => {
  expect(() => createServer({ limits: { [name]: value } })).toThrow(new RegExp(`^limits\\.${name} must be an? .*, got ${value}$`));
  expect(() => createServer({ limits: { [name]: String(value) } as never })).toThrow(TypeError);
});

const channelLimits = (limits: object) => createChannel("localhost:1", { limits });
const serverLimits = (limits: object) => createServer({ limits });

test.each([
  ...Object.keys(defaultServerLimits).map((name) => ["server", name, serverLimits] as const),
  ...Object.keys(defaultChannelLimits).map((name) => ["channel", name, channelLimits] as const),
])("a %s rejects other values of limits.%s", (_, name, use) => {
  for (const value of [0, -1, Number.NaN]) expect(() => use({ [name]: value }), String(value)).toThrow(RangeError);
  for (const value of ["5", null, {}, [5]]) expect(() => use({ [name]: value })).toThrow(new RegExp(`^limits\\.${name} must be .*, got `));
  if (!/Ms$|PerSecond$/.test(name)) expect(() => use({ [name]: 1.5 })).toThrow(`limits.${name} must be an integer`);
});

test("a sent message over the limit ends its call with RESOURCE_EXHAUSTED, on both sides and in streams", async () => {
  const limits = { maxSendMessageBytes: 100 };
  const small = { data: new Uint8Array(60) };
  const large = { data: new Uint8Array(200) };
  const { client: free } = await start(
    { unary: () => large, serverStream: ({ count }) => [small, small, small, ...(count > 0 ? [large] : [])] },
    { limits },
  );
  expect(await failureOf(free.unary({}))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  expect(await Array.fromAsync(free.serverStream({}))).toHaveLength(3);
  expect(await failureOf(Array.fromAsync(free.serverStream({ count: 1 })))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });

  const { address } = await start({
    unary: () => ({}),
    clientStream: async (requests) => ({ count: (await Array.fromAsync(requests)).length }),
  });
  const limited = connect(address, { limits });
  expect(await failureOf(limited.unary(large))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  expect((await limited.clientStream([small, small, small])).count).toBe(3);
  expect(await failureOf(limited.clientStream([small, large]))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
});
