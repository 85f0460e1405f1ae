// Valid targets and their meaning, and errors for invalid ones.
import { expect, test } from "vitest";
import { parseTarget } from "./target.ts";

const names: readonly (readonly [target: string, name: string, host: string, port: number, authority: string])[] = [
  ["localhost:50051", "localhost:50051", "localhost", 50051, "localhost:50051"],
  ["shop.example", "shop.example", "shop.example", 443, "shop.example"],
  ["shop.example.:1", "shop.example.:1", "shop.example.", 1, "shop.example.:1"],
  ["dns:shop.example:50051", "shop.example:50051", "shop.example", 50051, "shop.example:50051"],
  ["dns:///shop.example:50051", "shop.example:50051", "shop.example", 50051, "shop.example:50051"],
  ["DNS:///shop.example", "shop.example", "shop.example", 443, "shop.example"],
  ["http:50051", "http:50051", "http", 50051, "http:50051"],
  ["10.0.0.1:65535", "10.0.0.1:65535", "10.0.0.1", 65535, "10.0.0.1:65535"],
  ["[::1]:50051", "[::1]:50051", "::1", 50051, "[::1]:50051"],
  ["[::1]", "[::1]", "::1", 443, "[::1]"],
  ["::1", "::1", "::1", 443, "[::1]"],
  ["dns:[fe80::1%25eth0]:1", "[fe80::1%25eth0]:1", "fe80::1%eth0", 1, "[fe80::1]:1"],
  ["grüße.example:1", "grüße.example:1", "xn--gre-6ka8l.example", 1, "xn--gre-6ka8l.example:1"],
];

test.each(names)("%s is a name", (target, name, host, port, authority) => {
  expect(parseTarget(target)).toEqual({ name, authority, serverName: host, host: { host, port }, addresses: [] });
});

const lists: readonly (readonly [target: string, name: string, authority: string, addresses: readonly object[]])[] = [
  [
    "ipv4:10.0.0.1:1,10.0.0.2:2",
    "ipv4:10.0.0.1:1,10.0.0.2:2",
    "10.0.0.1:1",
    [
      { host: "10.0.0.1", port: 1 },
      { host: "10.0.0.2", port: 2 },
    ],
  ],
  ["ipv4:10.0.0.1", "ipv4:10.0.0.1", "10.0.0.1", [{ host: "10.0.0.1", port: 443 }]],
  [
    "ipv6:[::1]:1,[::2]:2",
    "ipv6:[::1]:1,[::2]:2",
    "[::1]:1",
    [
      { host: "::1", port: 1 },
      { host: "::2", port: 2 },
    ],
  ],
  ["ipv6:::1", "ipv6:::1", "[::1]", [{ host: "::1", port: 443 }]],
  ["unix:run/x.sock", "unix:run/x.sock", "localhost", [{ path: "run/x.sock" }]],
  ["unix:/run/x.sock", "unix:/run/x.sock", "localhost", [{ path: "/run/x.sock" }]],
  ["unix:///run/x.sock", "unix:/run/x.sock", "localhost", [{ path: "/run/x.sock" }]],
];

test.each(lists)("%s lists addresses", (target, name, authority, addresses) => {
  expect(parseTarget(target)).toMatchObject({ name, authority, host: undefined, addresses });
});

const wrong: readonly (readonly [target: string, hint: string])[] = [
  ["http://shop.example:8080/x", 'write "shop.example:8080"'],
  ["http://shop.example", 'write "shop.example:80"'],
  ["https://shop.example", 'write "shop.example:443" and set tls'],
  ["https://", 'write "host:port"'],
  ["xds:///shop", 'grpcJsChannel(new grpc.Channel("xds:///…", …)), from @grpc-study/rpc/grpc-js'],
  ["dns://8.8.8.8/shop.example:1", 'write "dns:shop.example:1"'],
  ["dns://shop.example", 'write "dns:host:port" or "dns:///host:port"'],
  ["", 'it has no host: write "host:port"'],
  [":50051", 'it has no host: write "host:port"'],
  ["dns:", 'it has no host: write "host:port"'],
  ["localhost:", 'the port must be 1 to 65535, got ""'],
  ["localhost:0", 'the port must be 1 to 65535, got "0"'],
  ["localhost:65536", 'the port must be 1 to 65535, got "65536"'],
  ["localhost:http", 'the port must be 1 to 65535, got "http"'],
  ["localhost:5:6", '"localhost:5:6" is not an IPv6 address'],
  ["[localhost]:5", '"localhost" is not an IPv6 address'],
  ["a b:5", '"a b" is not a host: write "host:port"'],
  ["user@shop:5", '"user@shop" is not a host: write "host:port"'],
  ["shop/x:5", '"shop/x" is not a host: write "host:port"'],
  ["a:1,b:2", '"a:1,b:2" is not an IPv6 address'],
  ["ipv4:shop.example:1", '"shop.example" is not an IPv4 address'],
  ["ipv4:10.0.0.1:1,", "it has no host"],
  ["ipv4:[::1]:1", '"::1" is not an IPv4 address'],
  ["ipv6:10.0.0.1:1", '"10.0.0.1" is not an IPv6 address'],
  ["unix:", 'write "unix:path" or "unix:///absolute/path"'],
  ["unix://host/x", 'write "unix:path" or "unix:///absolute/path"'],
];

test.each(wrong)("%j throws a TypeError with a hint", (target, hint) => {
  expect(() => parseTarget(target)).toThrow(TypeError);
  expect(() => parseTarget(target)).toThrow(`${JSON.stringify(target)} is not a target: `);
  expect(() => parseTarget(target)).toThrow(hint);
});
