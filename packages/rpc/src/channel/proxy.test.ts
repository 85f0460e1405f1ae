// Which proxy the environment gives for a host.
import { expect, test } from "vitest";
import { FakeNetwork } from "../../test/fake-network.ts";
import { parseProxy, proxyFromEnvironment } from "./proxy.ts";

const to = (host: string) => ({ host, port: 50051 });
const p = { host: "p", port: 3128, authorization: undefined };

test("the first of grpc_proxy, https_proxy and http_proxy that is set counts", () => {
  expect(proxyFromEnvironment(to("shop.example"), {})).toBeUndefined();
  expect(proxyFromEnvironment(to("shop.example"), { http_proxy: "http://p:3128" })).toEqual(p);
  const all = { http_proxy: "http://x", https_proxy: "http://y", grpc_proxy: "http://p:3128" };
  expect(proxyFromEnvironment(to("shop.example"), all)).toEqual(p);
  expect(proxyFromEnvironment(to("shop.example"), { ...all, grpc_proxy: "" })).toMatchObject({ host: "y", port: 80 });
});

test("this machine is reached without a proxy", () => {
  for (const host of ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1"]) {
    expect(proxyFromEnvironment(to(host), { http_proxy: "http://p" }), host).toBeUndefined();
  }
});

const exceptions: readonly (readonly [list: string, host: string, direct: boolean])[] = [
  ["shop.example", "shop.example", true],
  ["shop.example", "a.shop.example", true],
  [".shop.example", "a.shop.example", true],
  ["*.shop.example", "a.shop.example", true],
  ["shop.example", "myshop.example", false],
  ["a, SHOP.example ,b", "shop.EXAMPLE", true],
  ["shop.example:50051", "shop.example", true],
  ["*", "shop.example", true],
  ["", "shop.example", false],
  ["10.0.0.0/8", "10.1.2.3", true],
  ["10.0.0.0/8", "11.1.2.3", false],
  ["10.0.0.0/8", "shop.example", false],
  ["10.1.2.3", "10.1.2.3", true],
  ["fd00::/8", "fd00::1", true],
  ["10.0.0.0/99", "10.0.0.1", false],
];

test.each(exceptions)("no_proxy=%s and %s: direct is %s", (list, host, direct) => {
  for (const name of ["no_proxy", "no_grpc_proxy"]) {
    expect(proxyFromEnvironment(to(host), { http_proxy: "http://p", [name]: list }) === undefined).toBe(direct);
  }
});

test("a name and a password are basic credentials, and are in no message", () => {
  expect(parseProxy("http://user:p%40ss@p:3128").authorization).toBe(`Basic ${Buffer.from("user:p@ss").toString("base64")}`);
  expect(parseProxy("http://[::1]:3128").host).toBe("::1");
  for (const url of ["https://user:secret@p", "socks5://user:secret@p", "user:secret@p:1", "http://"]) {
    expect(() => parseProxy(url)).toThrow("must be a URL of the form http://host:port");
    expect(() => parseProxy(url)).not.toThrow("secret");
    expect(() => proxyFromEnvironment(to("a"), { https_proxy: url })).toThrow("https_proxy");
  }
});

test("through a proxy the name is not resolved here, and stays the authority", async () => {
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
