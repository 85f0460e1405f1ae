import { expect, test } from "vitest";
import { FakeNetwork } from "../../test/fake-network.ts";
import { proxyFor } from "./proxy.ts";

const url = "http://proxy.example:3128";
const proxy = { host: "proxy.example", port: 3128, authorization: undefined };

test("the first variable that is set applies", () => {
  expect(proxyFor("shop.example", 50051, {})).toBeUndefined();
  for (const name of ["grpc_proxy", "https_proxy", "HTTPS_PROXY", "http_proxy"]) {
    expect(proxyFor("shop.example", 50051, { [name]: url })).toEqual(proxy);
  }
  expect(proxyFor("shop.example", 50051, { http_proxy: "http://other:1", grpc_proxy: url })).toEqual(proxy);
  // As in curl: CGI programs find a client's `Proxy` header in this variable.
  expect(proxyFor("shop.example", 50051, { HTTP_PROXY: url })).toBeUndefined();
});

test("an empty variable disables the later ones", () => {
  expect(proxyFor("shop.example", 50051, { grpc_proxy: "", https_proxy: url })).toBeUndefined();
});

test.each([
  ["http://proxy.example", { host: "proxy.example", port: 80 }],
  ["proxy.example:3128", { host: "proxy.example", port: 3128 }],
  ["http://[::1]:3128/", { host: "::1", port: 3128 }],
  ["http://user:pass%40word@proxy.example:3128", { authorization: `Basic ${btoa("user:pass@word")}` }],
  ["http://user@proxy.example:3128", { authorization: `Basic ${btoa("user:")}` }],
  ["http://us%zz:p@proxy.example:3128", { authorization: `Basic ${btoa("us%zz:p")}` }],
])("%s", (value, expected) => {
  expect(proxyFor("shop.example", 50051, { https_proxy: value })).toMatchObject(expected);
});

test.each(["socks5://user:secret@proxy.example:1080", "https://user:secret@proxy.example", "http://", "http://user:secret@:1"])(
  "%s throws a TypeError that omits the password",
  (value) => {
    const fault = (() => {
      try {
        proxyFor("shop.example", 50051, { https_proxy: value });
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(fault).toBeInstanceOf(TypeError);
    expect(String(fault)).toMatch(/https_proxy must be the URL of an HTTP proxy/);
    expect(String(fault)).not.toContain("secret");
  },
);

test.each([
  ["*", "shop.example", true],
  ["shop.example", "shop.example", true],
  ["SHOP.example", "shop.EXAMPLE", true],
  ["shop.example", "shop.example.", true],
  ["example", "shop.example", true],
  [".example", "shop.example", true],
  ["*.example", "shop.example", true],
  ["op.example", "shop.example", false],
  ["shop.example.org", "shop.example", false],
  ["other, shop.example", "shop.example", true],
  ["other shop.example", "shop.example", true],
  ["shop.example:50051", "shop.example", true],
  ["shop.example:443", "shop.example", false],
  ["10.0.0.0/8", "10.1.2.3", true],
  ["10.0.0.0/8", "11.1.2.3", false],
  ["10.0.0.0/99", "10.1.2.3", false],
  ["10.1.2.3", "10.1.2.3", true],
  ["10.1.2.3:50051", "10.1.2.3", true],
  ["10.1.2.3:50052", "10.1.2.3", false],
  ["2.3", "10.1.2.3", false],
  ["fe80::1", "fe80::1", true],
  ["[fe80::1]:50051", "fe80::1", true],
  ["fe80:0:0:0:0:0:0:1", "fe80::1", true],
  ["fe80::/10", "fe80::1", true],
  ["fe80::/10", "fd00::1", false],
  ["", "shop.example", false],
  [".", "shop.example", false],
])("no_proxy=%j, %s: %j", (except, host, excepted) => {
  const found = (name: string) => proxyFor(host, 50051, { https_proxy: url, [name]: except }) === undefined;
  expect(found("no_proxy")).toBe(excepted);
  expect(found("NO_PROXY")).toBe(excepted);
  expect(found("no_grpc_proxy")).toBe(excepted);
});

test("no_grpc_proxy overrides no_proxy", () => {
  expect(proxyFor("shop.example", 50051, { https_proxy: url, no_proxy: "*", no_grpc_proxy: "other" })).toEqual(proxy);
});

test("loopback hosts bypass the proxy", () => {
  for (const host of ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1"]) {
    expect(proxyFor(host, 50051, { http_proxy: url }), host).toBeUndefined();
  }
});

test("the proxy resolves the name, which stays the authority", async () => {
  const net = new FakeNetwork();
  net.peers.set("shop.example:50051", "up");
  using channel = net.channel("dns:shop.example:50051", { proxy: "http://user:pw@p:3128" });
  await channel.connect();
  expect(net.lookups).toEqual([]);
  expect(net.dials).toMatchObject([{ to: "shop.example:50051" }]);
  expect(net.dialOptions).toMatchObject([
    { target: "shop.example:50051", authority: "shop.example:50051", serverName: "shop.example", proxy: { host: "p", port: 3128 } },
  ]);
});
