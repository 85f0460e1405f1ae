// The messages of the group `json`: those of the shop, and types with a special form in canonical
// JSON.
import type { BenchMessage } from "./message.ts";
import { hello, times, user, users } from "./values.ts";

const scalars = (i: number) => ({
  doubleValue: i * 1.5,
  floatValue: i * 0.25,
  int32Value: i,
  int64Value: 1_700_000_000_000n + BigInt(i),
  uint32Value: i * 3,
  uint64Value: BigInt(i),
  sint32Value: -i,
  sint64Value: BigInt(-i),
  boolValue: i % 2 === 0,
  stringValue: `item number ${i}`,
  bytesValue: Uint8Array.from({ length: 16 }, (_, byte) => byte + i),
  colour: i % 3,
});

const tree = (depth: number): Record<string, unknown> => ({
  name: `node ${depth}`,
  value: depth,
  children: depth > 0 ? [tree(depth - 1), tree(depth - 1)] : [],
});

const lists = {
  strings: times(20, (i) => `some text of usual length ${i}`),
  int32s: times(50, (i) => i * i),
  scalars: times(7, scalars),
};

export const jsonSet: readonly BenchMessage[] = [
  { name: "hello", type: "Hello", init: hello },
  { name: "user", type: "User", init: user(7) },
  { name: "users, 2.8 KB", type: "Users", init: users },
  { name: "users, 1000", type: "Users", init: { users: times(1000, user) } },
  { name: "scalars", type: "Scalars", init: scalars(7) },
  { name: "lists, 2.8 KB", type: "Lists", init: lists },
  { name: "CJK text", type: "Lists", init: { strings: times(30, (i) => `订单商品名称测试，库存不足时请联系客服。${i}`) } },
  { name: "escapes, emoji", type: "Lists", init: { strings: times(30, (i) => `line ${i}\n"quoted" 🎉`) } },
  { name: "map of 50 strings", type: "Labels", init: { labels: Object.fromEntries(times(50, (i) => [`key-${i}`, `value ${i}`])) } },
  { name: "bytes, 64 KB", type: "Blob", init: { data: Uint8Array.from({ length: 65_536 }, (_, i) => i * 7) } },
  { name: "nested", type: "Tree", init: tree(6) },
  { name: "500 longs", type: "Lists", init: { int64s: times(500, (i) => 1_700_000_000_000n + BigInt(i) * 7919n) } },
  {
    name: "100 timestamps",
    type: "Times",
    init: { timestamps: times(100, (i) => ({ seconds: 1_714_979_289n + BigInt(i * 86_401), nanos: (i % 4) * 250_000_000 })) },
  },
  { name: "struct", type: "Dynamic", init: { struct: { a: 1, b: "two", c: [1, 2, { d: null, e: true }], f: { g: { h: "i" } } } } },
];
