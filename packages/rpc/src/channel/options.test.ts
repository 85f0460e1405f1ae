// Options of channels: invalid values, and the errors for them.
import { expect, test } from "vitest";
import { FakeNetwork } from "../../test/fake-network.ts";
import { createChannel } from "./create-channel.ts";
import { type ChannelOptions, readOptions } from "./options.ts";

const wrong: readonly (readonly [options: unknown, kind: ErrorConstructor, message: RegExp])[] = [
  [{ retries: 3 }, TypeError, /^createChannel\(\) has no option "retries"; the options are tls, /],
  [{ tls: "yes" }, TypeError, /^tls must be true, false or an object, got 'yes'$/],
  [{ tls: null }, TypeError, /^tls must be true, false or an object, got null$/],
  [{ tls: { cs: "x" } }, TypeError, /^tls has no option "cs"/],
  [{ tls: { serverName: "a/b" } }, TypeError, /^tls\.serverName must be a host, got 'a\/b'$/],
  [{ connectTimeoutMs: 0 }, RangeError, /^connectTimeoutMs must be a positive number of milliseconds, got 0$/],
  [{ connectTimeoutMs: "5s" }, TypeError, /^connectTimeoutMs must be a positive number of milliseconds, got '5s'$/],
  [{ idleTimeoutMs: Number.NaN }, RangeError, /^idleTimeoutMs must be a positive number of milliseconds, got NaN$/],
  [{ dnsRefreshMs: -1 }, RangeError, /^dnsRefreshMs must be .* got -1$/],
  [{ balancing: "random" }, TypeError, /^balancing must be "pick_first" or "round_robin", got 'random'$/],
  [{ healthCheck: {} }, TypeError, /^healthCheck requires balancing: "round_robin", got "pick_first"$/],
  [{ balancing: "round_robin", healthCheck: true }, TypeError, /^healthCheck must be an object, got true$/],
  [{ balancing: "round_robin", healthCheck: { name: "x" } }, TypeError, /^healthCheck has no option "name"/],
  [{ balancing: "round_robin", healthCheck: { service: 1 } }, TypeError, /^healthCheck\.service must be a string, got 1$/],
  [{ backoff: 5 }, TypeError, /^backoff must be an object, got 5$/],
  [{ backoff: { min: 5 } }, TypeError, /^backoff has no option "min"/],
  [{ backoff: { initialMs: 0 } }, RangeError, /^backoff\.initialMs must be /],
  [{ backoff: { factor: 0.5 } }, RangeError, /^backoff\.factor must be a number of at least 1, got 0\.5$/],
  [{ backoff: { jitter: 2 } }, RangeError, /^backoff\.jitter must be a number from 0 to 1, got 2$/],
  [{ authority: "" }, TypeError, /^authority must be a host or "host:port", got ''$/],
  [{ authority: "a\r\nb" }, TypeError, /^authority must be /],
  [{ proxy: true }, TypeError, /^proxy must be a URL or false, got true$/],
  [{ proxy: "socks5://user:secret@x:1" }, TypeError, /^proxy must be the URL of an HTTP proxy, http:\/\/host:port: its scheme is socks5$/],
  [{ pool: 1 }, TypeError, /^pool must be true or false, got 1$/],
  [{ onStateChange: {} }, TypeError, /^onStateChange must be a function, got \{\}$/],
  [{ limits: 1 }, TypeError, /^limits takes an object of options, got 1$/],
  [{ limits: { maxBytes: 1 } }, TypeError, /^limits has no option "maxBytes"/],
  [{ limits: { keepaliveTimeMs: 0 } }, RangeError, /^limits\.keepaliveTimeMs must be a positive number/],
  [{ retry: { codes: [], maxAttempts: 1 } }, Error, /retry/],
];

test.each(wrong)("%j", (options, kind, message) => {
  expect(() => createChannel("localhost:1", options as ChannelOptions)).toThrow(kind);
  expect(() => createChannel("localhost:1", options as ChannelOptions)).toThrow(message);
});

test("the option proxy is invalid for a target that lists addresses", () => {
  expect(() => createChannel("ipv4:10.0.0.1:1", { proxy: "http://p:1" })).toThrow(/^the option proxy requires a target with a host/);
});

test("without options, the documented defaults apply", () => {
  expect(readOptions("x", {})).toMatchObject({
    tls: undefined,
    connectTimeoutMs: 20_000,
    balancing: "pick_first",
    healthService: undefined,
    idleTimeoutMs: 1_800_000,
    backoff: { initialMs: 1_000, factor: 1.6, maxMs: 120_000, jitter: 0.2 },
    dnsRefreshMs: 30_000,
    pool: true,
  });
});

test("a service config may choose the balancing policy, and the option overrides it", () => {
  const serviceConfig = { loadBalancingConfig: [{ round_robin: {} }] };
  expect(readOptions("x", { serviceConfig }).balancing).toBe("round_robin");
  expect(readOptions("x", { serviceConfig, balancing: "pick_first" }).balancing).toBe("pick_first");
});

test.each([
  ["shop.example:1", {}, "shop.example:1", "shop.example"],
  ["shop.example:1", { authority: "other:2" }, "other:2", "other"],
  ["shop.example:1", { authority: "[::1]:2" }, "[::1]:2", "::1"],
  ["shop.example:1", { tls: { serverName: "other" } }, "other", "other"],
  ["shop.example:1", { tls: { serverName: "other" }, authority: "third:3" }, "third:3", "other"],
  ["unix:/s", { tls: true }, "localhost", "localhost"],
  ["ipv6:[::1]:1", { tls: true }, "[::1]:1", "::1"],
])("%s with %j: the authority is %s, and the certificate must match %s", (target, options, authority, serverName) => {
  const net = new FakeNetwork();
  using channel = net.channel(target, options);
  expect(net.dialOptions).toMatchObject([{ target, authority, serverName }]);
  expect(channel.secure).toBe("tls" in options);
});
