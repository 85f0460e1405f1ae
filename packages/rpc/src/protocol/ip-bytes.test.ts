import { isIPv6 } from "node:net";
import { expect, test } from "vitest";
import { ipBytes } from "./ip-bytes.ts";

test.each([
  ["127.0.0.1", "7f000001"],
  ["255.255.255.255", "ffffffff"],
  ["::", "00000000000000000000000000000000"],
  ["::1", "00000000000000000000000000000001"],
  ["1::", "00010000000000000000000000000000"],
  ["2001:db8::8a2e:370:7334", "20010db80000000000008a2e03707334"],
  ["2001:0DB8:0:0:1:0:0:1", "20010db8000000000001000000000001"],
  ["fe80::1%eth0", "fe800000000000000000000000000001"],
  ["1:2:3:4:5:6:7::", "00010002000300040005000600070000"],
  // An IPv4 peer of a socket for both families.
  ["::ffff:10.0.0.1", "0a000001"],
  ["::ffff:7f00:1", "7f000001"],
  ["64:ff9b::192.0.2.33", "0064ff9b0000000000000000c0000221"],
])("%s", (address, hex) => {
  expect(Buffer.from(ipBytes(address)).toString("hex")).toBe(hex);
});

test("the groups of any IPv6 address", () => {
  for (let round = 0; round < 500; round++) {
    const groups = Array.from({ length: 8 }, () => (Math.random() < 0.5 ? 0 : Math.trunc(Math.random() * 0x10000)));
    const address = groups.map((group) => group.toString(16)).join(":");
    expect(isIPv6(address)).toBe(true);
    if (groups.slice(0, 5).every((group) => group === 0)) continue;
    const bytes = Buffer.from(ipBytes(address));
    expect(groups.map((_, index) => bytes.readUInt16BE(index * 2))).toEqual(groups);
  }
});
