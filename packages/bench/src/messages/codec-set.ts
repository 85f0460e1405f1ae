// The messages of the group `codec`, from 7 bytes to 1 MB: those of the tutorials, and difficult
// ones.
import type { BenchMessage } from "./message.ts";
import { hello, times, user, users } from "./values.ts";

const cjk = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜";
const english = "The quick brown fox jumps over the lazy dog. ";

const order = {
  id: 998n,
  userId: "42",
  items: times(3, (i) => ({ productId: BigInt(1000 + i), quantity: i + 1, price: 9.5 * (i + 1), title: `Product ${i}` })),
  created: { seconds: 1_700_000_000n, nanos: 123_456_789 },
  note: "leave it at the door",
  payment: { case: "cash", value: { amount: 12_345n, currency: "CNY" } },
  total: 5700,
};

const tree = (depth: number, width: number): Record<string, unknown> => ({
  name: `node ${depth}`,
  value: depth * 1000,
  children: depth === 0 ? [] : times(width, () => tree(depth - 1, width)),
});

const numbers = {
  ints: times(200, (i) => i * i * 37 - 5000),
  doubles: times(100, (i) => i / 7),
  small: times(200, (i) => i % 128),
  deltas: times(100, (i) => (i % 2 ? -i : i)),
  flags: times(50, (i) => i % 3 === 0),
  floats: times(50, (i) => i / 4),
};

export const codecSet: readonly BenchMessage[] = [
  { name: "hello, 7 B", type: "Hello", init: hello },
  { name: "hello CJK, 8 B", type: "Hello", init: { name: "世界" } },
  { name: "stream item", type: "StreamData", init: { data: "stream rpc 17", number: 17 } },
  { name: "user", type: "User", init: user(7) },
  { name: "order", type: "Order", init: order },
  { name: "users, 2.8 KB", type: "Users", init: users },
  { name: "users, 1000", type: "Users", init: { users: times(1000, user), nextPageToken: "abcdef" } },
  { name: "users, 1 MB", type: "Users", init: { users: times(12_500, user) } },
  { name: "CJK, 40 characters", type: "Text", init: { text: cjk } },
  { name: "CJK, 3 KB", type: "Text", init: { text: cjk.repeat(25) } },
  { name: "text, 200 B", type: "Text", init: { text: english.repeat(5).slice(0, 200) } },
  { name: "text, 100 KB", type: "Text", init: { text: english.repeat(2275) } },
  { name: "map of 50 strings", type: "Labels", init: { labels: Object.fromEntries(times(50, (i) => [`label-${i}`, `value of ${i}`])) } },
  { name: "map of 100 messages", type: "Table", init: { rows: Object.fromEntries(times(100, (i) => [i, user(i)])) } },
  { name: "bytes, 1 KB", type: "Blob", init: { name: "a.bin", data: new Uint8Array(1024).fill(7) } },
  { name: "bytes, 1 MB", type: "Blob", init: { name: "a.bin", data: new Uint8Array(1024 * 1024).fill(7) } },
  { name: "nested, 20 deep", type: "Tree", init: tree(20, 1) },
  { name: "nested, 3 wide, 6 deep", type: "Tree", init: tree(6, 3) },
  { name: "numbers, packed", type: "Numbers", init: numbers },
  {
    name: "longs, packed",
    type: "Longs",
    init: { ids: times(100, (i) => BigInt(i) * 123_456_789n), hash: 0x0123_4567_89ab_cdefn, size: 123_456n, delta: -77n },
  },
];
