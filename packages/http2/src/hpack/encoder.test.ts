import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HeaderList } from "../headers/header-list.ts";
import { Decoder } from "./decoder.ts";
import { Encoder } from "./encoder.ts";

function encode(encoder: Encoder, list: HeaderList): Buffer {
  const out = Buffer.alloc(encoder.maxEncodedLength(list) + 7, 0xee);
  const end = encoder.encode(list, out, 7);
  expect(end - 7).toBeLessThanOrEqual(encoder.maxEncodedLength(list));
  expect(out.subarray(0, 7)).toEqual(Buffer.alloc(7, 0xee));
  return out.subarray(7, end);
}

function list(...fields: [string, string][]): HeaderList {
  return new HeaderList(fields.flat());
}

const call = () =>
  HeaderList.request({ method: "POST", scheme: "https", path: "/shop.Orders/Get", authority: "shop.example:443" }, [
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ["user-agent", "node"],
  ]);

describe("indexing", () => {
  test("a repeated request takes one octet per field", () => {
    const encoder = new Encoder();
    expect(encode(encoder, call()).length).toBeGreaterThan(20);
    expect(encode(encoder, call()).length).toBe(7);
  });

  test("a list object that is sent again gives the same octets", () => {
    const encoder = new Encoder();
    const again = call();
    encode(encoder, again);
    const second = encode(encoder, again);
    for (let i = 0; i < 3; i++) expect(encode(encoder, again)).toEqual(second);
  });

  test("a list object that is sent again is re-encoded after changes of the table", () => {
    const encoder = new Encoder();
    const decoder = new Decoder();
    const again = call();
    for (let i = 0; i < 300; i++) {
      if (i % 3 === 0) roundTrip(encoder, decoder, list([`x-${i}`, "v".repeat(i % 50)]));
      roundTrip(encoder, decoder, again);
    }
  });

  test("a list object can be used with several encoders with different tables", () => {
    const again = call();
    const pairs = Array.from({ length: 3 }, () => ({ encoder: new Encoder(), decoder: new Decoder() }));
    pairs.forEach(({ encoder, decoder }, i) => {
      for (let k = 0; k < i; k++) roundTrip(encoder, decoder, list([`x-${k}`, "value"]));
    });
    for (let i = 0; i < 5; i++) for (const { encoder, decoder } of pairs) roundTrip(encoder, decoder, again);
  });

  test("extended lists give the same octets as equal lists that are not extended", () => {
    const [extending, plain] = [new Encoder(), new Encoder()];
    const decoder = new Decoder();
    const base = call();
    for (let i = 0; i < 100; i++) {
      const more: [string, string][] = [
        ["x-deadline", `${i}m`],
        ["cookie", "a=b"],
      ];
      const options = i % 7 === 0 ? { neverIndexed: ["user-agent", "x-deadline"] } : undefined;
      const list = base.extend(more, options);
      const copy = new HeaderList([...list.flat], list.neverIndexed);
      expect(encode(plain, copy)).toEqual(encode(extending, list));
      if (i % 10 === 0) expect(encode(plain, copy)).toEqual(encode(extending, list));
    }
    for (let i = 0; i < 100; i++) roundTrip(new Encoder(), new Decoder(), base.extend([["x-a", String(i)]]));
    const encoder = new Encoder();
    for (let i = 0; i < 100; i++) roundTrip(encoder, decoder, base.extend([["x-a", String(i)]]).extend([["x-b", String(i % 3)]]));
  });

  test.each(["authorization", "cookie", "set-cookie", "proxy-authorization"])("%s is never indexed", (name) => {
    const encoder = new Encoder();
    for (let i = 0; i < 3; i++) {
      const block = encode(encoder, list([name, "secret"]));
      expect((block[0] as number) & 0xf0).toBe(0x10);
      expect(encoder.tableSize).toBe(0);
    }
  });

  test("a field marked by its list is never indexed, even if its value is in a table", () => {
    const encoder = new Encoder();
    encode(encoder, list(["x-token", "secret"]));
    const size = encoder.tableSize;
    const marked = HeaderList.trailers([["x-token", "secret"]], { neverIndexed: ["x-token"] });
    const block = encode(encoder, marked);
    expect((block[0] as number) & 0xf0).toBe(0x10);
    expect(encoder.tableSize).toBe(size);
    const decoded = new Decoder();
    const literal = encode(new Encoder(), marked);
    expect([...(decoded.decode(literal, 0, literal.length, 1000)?.neverIndexed ?? [])]).toEqual(["x-token"]);
  });

  test.each(["content-length", "date", "traceparent", "etag"])("%s is not inserted into the table", (name) => {
    const encoder = new Encoder();
    encode(encoder, list([name, "12345"]));
    expect(encoder.tableSize).toBe(0);
  });

  test.each(["x-deadline", ":path"])("a name whose values all differ (%s) soon stops changing the table", (name) => {
    const encoder = new Encoder();
    encode(encoder, call());
    let last = -1;
    let changes = 0;
    for (let i = 0; i < 1000; i++) {
      encode(encoder, list([name, `/value/${i}`]));
      if (encoder.tableSize !== last) changes++;
      last = encoder.tableSize;
    }
    expect(changes).toBeLessThanOrEqual(33);
    expect(encode(encoder, call()).length).toBe(7);
  });

  test("a large value is not inserted into the table", () => {
    const encoder = new Encoder();
    encode(encoder, list(["x-large", "v".repeat(2000)]));
    expect(encoder.tableSize).toBe(0);
  });

  test("an encoder tracks a limited number of names, and further ones are still encoded correctly", () => {
    const encoder = new Encoder();
    const decoder = new Decoder();
    for (let i = 0; i < 1000; i++) roundTrip(encoder, decoder, list([`x-name-${i}`, "value"]));
    roundTrip(encoder, decoder, list(["x-name-999", "value"], ["cookie", "a"]));
  });
});

describe("table size updates", () => {
  test.each([
    ["a smaller size", [100], "3f45"],
    ["zero", [0], "20"],
    ["an unchanged size", [4096], ""],
    ["a size above the limit of the encoder", [65_536], ""],
    ["down and up again: the minimum, then the last one", [0, 4096], "203fe11f"],
    ["several: the minimum, then the last one", [3000, 50, 1000, 200], "3f133fa901"],
    ["down twice", [200, 100], "3f45"],
  ])("%s", (_, sizes, hex) => {
    const encoder = new Encoder();
    for (const size of sizes) encoder.setMaxTableSize(size);
    const block = encode(encoder, list([":method", "GET"]));
    expect(block.toString("hex")).toBe(`${hex}82`);
    expect(encode(encoder, list([":method", "GET"])).toString("hex")).toBe("82");
  });

  test("an encoder with a smaller table announces it first", () => {
    expect(encode(new Encoder({ maxTableSize: 0 }), list([":method", "GET"])).toString("hex")).toBe("2082");
  });

  test("a table of size zero stays empty", () => {
    const encoder = new Encoder();
    encode(encoder, call());
    encoder.setMaxTableSize(0);
    encode(encoder, call());
    expect(encoder.tableSize).toBe(0);
  });
});

describe("an encoder and a decoder", () => {
  const name = fc.oneof(fc.constantFrom(":path", ":status", "cookie", "accept", "x-a", "x-b", "x-c"), fc.stringMatching(/^[a-z]{1,10}$/));
  const value = fc.oneof(
    fc.constantFrom("", "/", "200", "a", "trailers"),
    fc.uint8Array({ maxLength: 60 }).map((octets) => Buffer.from(octets).toString("latin1")),
    fc.integer({ min: 100, max: 5000 }).map((length) => "v".repeat(length)),
  );
  const step = fc.oneof(
    { weight: 9, arbitrary: fc.array(fc.tuple(name, value), { maxLength: 10 }) },
    { weight: 1, arbitrary: fc.constantFrom(0, 64, 500, 4096) },
  );

  test("any list makes a round trip with any table size", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const encoder = new Encoder();
        const decoder = new Decoder();
        const kept: HeaderList[] = [];
        for (const next of steps) {
          if (typeof next === "number") encoder.setMaxTableSize(next);
          else {
            kept.push(new HeaderList(next.flat()));
            for (const sent of kept.slice(-3)) roundTrip(encoder, decoder, sent);
          }
        }
      }),
      { seed: 5, numRuns: 300 },
    );
  });
});

function roundTrip(encoder: Encoder, decoder: Decoder, sent: HeaderList): void {
  const block = encode(encoder, sent);
  const received = decoder.decode(block, 0, block.length, 1_000_000);
  expect(decoder.fault).toBeUndefined();
  expect(received?.flat).toEqual(sent.flat);
  expect(decoder.tableSize).toBe(encoder.tableSize);
}
