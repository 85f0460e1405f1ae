import { Code } from "@grpc-study/rpc";
import fc from "fast-check";
import { expect, test } from "vitest";
import { EnvelopeReader, envelope } from "./envelope.ts";

function readAll(reader: EnvelopeReader): [number, string][] {
  const all: [number, string][] = [];
  for (let bytes = reader.next(); bytes !== undefined; bytes = reader.next()) all.push([reader.flags, bytes.toString()]);
  return all;
}

test("an envelope is the flags, the length in four bytes, and the message", () => {
  expect(envelope(2, "{}").toString("hex")).toBe("02000000027b7d");
  expect(envelope(1, Buffer.from([255])).toString("hex")).toBe("0100000001ff");
  expect(envelope(0, "é").toString("hex")).toBe("0000000002c3a9");
});

test("messages are the same, however the body is cut", () => {
  const message = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.string({ unit: "binary-ascii", maxLength: 40 }));
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (messages, sizes) => {
      const body = Buffer.concat(messages.map(([flags, text]) => envelope(flags, text)));
      const reader = new EnvelopeReader(1000);
      const read: [number, string][] = [];
      for (let at = 0, n = 0; at < body.length; n++) {
        const size = sizes[n % sizes.length] ?? 1;
        reader.push(body.subarray(at, at + size));
        if (n % 3 === 0) read.push(...readAll(reader));
        at += size;
      }
      read.push(...readAll(reader));
      expect(read).toEqual(messages);
      expect(reader.inside).toBe(false);
      expect(reader.unread).toBe(0);
    }),
  );
});

test("a large message that arrives in pieces is complete", () => {
  const message = Buffer.alloc(1_000_000, "abc");
  const body = envelope(0, message);
  const reader = new EnvelopeReader(1_000_000);
  for (let at = 0; at < body.length; at += 65_536) {
    expect(reader.next()).toBeUndefined();
    reader.push(body.subarray(at, at + 65_536));
  }
  expect(reader.next()?.equals(message)).toBe(true);
});

test("a prefix that announces more than the limit fails before the message arrives", () => {
  for (const size of [5, 3]) {
    const reader = new EnvelopeReader(10);
    reader.push(Buffer.from([0, 0, 0, 0, 11]).subarray(0, size));
    if (size < 5) {
      expect(reader.next()).toBeUndefined();
      expect(reader.inside).toBe(true);
      reader.push(Buffer.from([0, 0, 0, 0, 11]).subarray(size));
    }
    expect(() => reader.next()).toThrow(
      expect.objectContaining({ code: Code.RESOURCE_EXHAUSTED, message: "a message is larger than the limit of 10 bytes" }),
    );
  }
});

test("a message keeps no more than twice its size alive", () => {
  const chunk = Buffer.concat([envelope(0, "small"), Buffer.alloc(64_000)]);
  const reader = new EnvelopeReader(100);
  reader.push(chunk);
  expect(reader.next()?.buffer).not.toBe(chunk.buffer);
});
