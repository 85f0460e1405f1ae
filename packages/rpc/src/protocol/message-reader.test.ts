import { expect, test } from "vitest";
import { MessageReader } from "./message-reader.ts";

const message = (length: number, fill = length) => Buffer.alloc(length, fill);

/** A message with its prefix. */
function writeFrame(bytes: Buffer, flag = 0): Buffer {
  const prefix = Buffer.alloc(5, flag);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

function write(reader: MessageReader, data: Buffer): Buffer[] {
  reader.push(data);
  const messages: Buffer[] = [];
  for (let message = reader.next(); message !== undefined; message = reader.next()) messages.push(message);
  return messages;
}

/** Feeds `bytes` to a reader in pieces of the given size. */
function read(bytes: Buffer, pieces: (at: number) => number, reader = new MessageReader(-1)): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + pieces(at);
    messages.push(...write(reader, bytes.subarray(at, end)));
    at = end;
  }
  return messages;
}

test.each([1, 2, 3, 4, 5, 6, 7, 100, 4_095, 4_096, 4_101, 16_384, 1_000_000])(
  "messages survive being split into pieces of %i bytes",
  (size) => {
    const messages = [0, 1, 0, 5, 4_090, 4_091, 4_092, 16_384, 70_000, 0, 3].map((length) => message(length));
    const reader = new MessageReader(-1);
    const got = read(Buffer.concat(messages.map((bytes) => writeFrame(bytes))), () => size, reader);
    expect(got.map((bytes) => bytes.toString("hex"))).toEqual(messages.map((bytes) => bytes.toString("hex")));
    expect(reader.inside).toBe(false);
    expect(reader.count).toBe(messages.length);
  },
);

test("messages survive being split into pieces of any size", () => {
  const messages = Array.from({ length: 200 }, (_, index) => message((index * 7919) % 9000, index));
  const got = read(Buffer.concat(messages.map((bytes) => writeFrame(bytes))), (at) => 1 + ((at * 2654435761) % 6_007));
  expect(got).toHaveLength(messages.length);
  expect(Buffer.concat(got).equals(Buffer.concat(messages))).toBe(true);
});

test.each([1, 4, 5, 1000])("each message has the flag of its own prefix, in pieces of %i bytes", (size) => {
  const bytes = Buffer.concat([writeFrame(message(3), 1), writeFrame(message(0), 7), writeFrame(message(40))]);
  const reader = new MessageReader(-1);
  const flags: number[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    reader.push(bytes.subarray(at, at + size));
    while (reader.next() !== undefined) flags.push(reader.flag);
  }
  expect(flags).toEqual([1, 7, 0]);
});

test("`inside` is true from the first byte of a prefix to the last byte of its message", () => {
  const reader = new MessageReader(-1);
  const bytes = writeFrame(message(3));
  for (const [index] of bytes.entries()) {
    expect(reader.inside).toBe(index > 0);
    write(reader, bytes.subarray(index, index + 1));
  }
  expect(reader.inside).toBe(false);
});

test.each([1, 3, 5, 9])("a length over the limit throws before the message arrives, in pieces of %i bytes", (size) => {
  const prefix = Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]);
  expect(() => read(prefix, () => size, new MessageReader(4_194_304))).toThrow("Received message larger than max (4294967295 vs 4194304)");
  expect(read(writeFrame(message(10)), () => size, new MessageReader(10))).toHaveLength(1);
  expect(() => read(writeFrame(message(11)), () => size, new MessageReader(10))).toThrow("11 vs 10");
});

test("memory follows the bytes that arrived, not the announced length or the number of pieces", () => {
  const held = () => {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return (heapUsed + external) / 2 ** 20;
  };
  const before = held();
  const prefix = Buffer.from([0, 0, 0x40, 0, 0]);
  const promised = Array.from({ length: 200 }, () => new MessageReader(-1));
  for (const reader of promised) write(reader, prefix);
  expect(held() - before, "200 × 4 MiB promised").toBeLessThan(4);

  const slow = new MessageReader(-1);
  write(slow, prefix);
  // Each piece is part of a larger read, as from a socket.
  for (let at = 0; at < 300_000; at++) write(slow, Buffer.alloc(64).subarray(7, 8));
  expect(held() - before, "300,000 pieces of one byte").toBeLessThan(6);
  expect(promised.every(({ inside }) => inside) && slow.inside).toBe(true);
});

test("a message does not keep the rest of its chunk alive", () => {
  const read = Buffer.alloc(2 ** 20);
  for (const length of [10, 100]) {
    writeFrame(message(length)).copy(read);
    const [small] = write(new MessageReader(-1), read.subarray(0, length + 5));
    expect(small).toEqual(message(length));
    // Node's pool, from which small buffers are cut.
    expect(small?.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize);
  }
});

test("next() reads one message at a time, and `bytes` counts the rest", () => {
  const reader = new MessageReader(-1);
  reader.push(Buffer.alloc(5 * 1000));
  expect(reader.bytes).toBe(5000);
  for (let count = 1; count <= 3; count++) {
    expect(reader.next()).toHaveLength(0);
    expect(reader.count).toBe(count);
    expect(reader.bytes).toBe(5000 - 5 * count);
  }
  while (reader.next() !== undefined);
  expect(reader.bytes).toBe(0);
  expect(write(reader, writeFrame(message(6000)).subarray(0, 6004))).toEqual([]);
  expect(reader.bytes).toBeGreaterThanOrEqual(6004);
  reader.clear();
  expect([reader.bytes, reader.inside]).toEqual([0, false]);
});
