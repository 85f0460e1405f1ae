import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HeaderList } from "../headers/header-list.ts";
import { Decoder } from "./decoder.ts";
import { Encoder } from "./encoder.ts";

const maxListSize = 16_384;

function decode(decoder: Decoder, block: Buffer, limit = maxListSize): HeaderList | undefined {
  return decoder.decode(block, 0, block.length, limit);
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}

/** Returns a literal with short plain strings after the octet `type` (RFC 7541, 6.2). */
function literal(type: number, name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([type, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]);
}

const inserting = 0x40;
const plain = 0x00;
const never = 0x10;

describe("compression errors", () => {
  test.each([
    ["the index 0 of an indexed field", "80", "6.1"],
    ["an index beyond the static table while the dynamic one is empty", "be", "2.3.3"],
    ["an index far beyond both tables", "ff ff ff ff 07", "2.3.3"],
    ["the name of a literal beyond both tables", "7e 01 61", "2.3.3"],
    ["the name of a literal without indexing beyond both tables", "0f 2f 01 61", "2.3.3"],
    ["an integer that ends within its octets", "ff", "6"],
    ["an integer that ends after a continuation", "ff 80", "6"],
    ["an integer of six octets after its prefix", "ff 80 80 80 80 80 00", "5.1"],
    ["an integer of 2^31", "ff 81 ff ff ff 07", "5.1"],
    ["an integer that overflows 32 bits", "ff ff ff ff ff 7f", "5.1"],
    ["a string length of an endless integer", "40 7f ff ff ff ff ff ff ff ff ff ff", "5.1"],
    ["a literal without a name", "40", "6"],
    ["a name that is longer than the block", "40 05 61 62", "6"],
    ["a literal without a value", "40 01 61", "6"],
    ["a value that is longer than the block", "40 01 61 02 62", "6"],
    ["a value whose length exceeds any block", "40 01 61 7f 80 ff ff ff 07", "6"],
    ["Huffman padding of more than seven bits", "40 01 61 82 f8 ff", "5.2"],
    ["Huffman padding of zeros", "40 01 61 81 00", "5.2"],
    ["EOS in a Huffman string", "40 01 61 84 ff ff ff ff", "5.2"],
    ["EOS in the name", "40 84 ff ff ff ff 01 61", "5.2"],
    ["a table size update after a field", "82 20", "4.2"],
    ["a table size update above the setting", "3f e2 1f", "6.3"],
    ["a huge table size update", "3f e0 ff ff ff 07", "6.3"],
    ["a truncated table size update", "3f", "6"],
  ])("%s", (_, block, section) => {
    const decoder = new Decoder();
    expect(decode(decoder, hex(block))).toBeUndefined();
    expect(decoder.fault).toMatchObject({ kind: "compression", reason: expect.stringContaining(`(RFC 7541, ${section})`) });
    // The tables are out of sync from now on.
    expect(decode(decoder, hex("82"))).toBeUndefined();
    expect(decoder.fault?.kind).toBe("compression");
  });

  test("a string must end within the block, not just within the buffer", () => {
    const block = hex("40 01 61 02 62 63");
    const decoder = new Decoder();
    expect(decoder.decode(block, 0, block.length - 1, maxListSize)).toBeUndefined();
    expect(decoder.fault?.kind).toBe("compression");
  });
});

describe("integers", () => {
  test.each([
    ["the greatest prefix value", "40 7e", 126],
    ["the smallest value with a continuation", "40 7f 00", 127],
    ["a continuation with leading zeros", "40 7f 80 80 80 00", 127],
    ["two continuations", "40 7f 81 01", 256],
  ])("%s", (_, start, length) => {
    const block = Buffer.concat([hex(start), Buffer.alloc(length, "n"), hex("01 76")]);
    expect(decode(new Decoder(), block)?.flat).toEqual(["n".repeat(length), "v"]);
  });
});

describe("table size updates", () => {
  test("two at the beginning of a block, of which the lower one evicts", () => {
    const decoder = new Decoder();
    decode(decoder, literal(inserting, "a", "b"));
    expect(decoder.tableSize).toBe(34);
    expect(decode(decoder, hex("20 3f e1 1f 82"))?.method).toBe("GET");
    expect(decoder.tableSize).toBe(0);
  });

  test("a larger setting may be used up to its value", () => {
    const decoder = new Decoder({ maxTableSize: 8192 });
    expect(decode(decoder, hex("3f e1 3f"))?.flat).toEqual([]);
    expect(decode(decoder, hex("3f e2 3f"))).toBeUndefined();
  });

  test("a smaller setting applies from its acknowledgement on", () => {
    const decoder = new Decoder({ maxTableSize: 100 });
    expect(decode(decoder, literal(inserting, "a".repeat(60), "b".repeat(60)))?.size).toBe(152);
    expect(decoder.tableSize).toBe(152);
    decoder.settingsAcknowledged();
    expect(decode(decoder, hex("3f 45 82"))?.method).toBe("GET");
    expect(decoder.tableSize).toBe(0);
    expect(decode(decoder, hex("3f 46"))).toBeUndefined();
    expect(decoder.fault?.reason).toContain("6.3");
  });

  test.each([
    ["82", "a field"],
    ["3f 46 82", "an update that is too large"],
  ])("after a smaller setting the next block must begin with an update: %s", (block) => {
    const decoder = new Decoder({ maxTableSize: 100 });
    expect(decode(decoder, hex("82"))?.method).toBe("GET");
    decoder.settingsAcknowledged();
    expect(decode(decoder, hex(block))).toBeUndefined();
    expect(decoder.fault?.kind).toBe("compression");
  });
});

describe("the dynamic table", () => {
  test("the oldest entries are evicted first, and the indexes shift", () => {
    const decoder = new Decoder();
    decode(decoder, hex("3f 45")); // 100 octets: two entries of 34, not three
    decode(decoder, Buffer.concat([literal(inserting, "a", "1"), literal(inserting, "b", "2")]));
    expect(decode(decoder, hex("bf be"))?.flat).toEqual(["a", "1", "b", "2"]);
    decode(decoder, literal(inserting, "c", "3"));
    expect(decoder.tableSize).toBe(68);
    expect(decode(decoder, hex("bf be"))?.flat).toEqual(["b", "2", "c", "3"]);
    expect(decode(decoder, hex("c0"))).toBeUndefined();
  });

  test("an entry larger than the table empties it and is still in the list", () => {
    const decoder = new Decoder();
    decode(decoder, Buffer.concat([hex("3f 45"), literal(inserting, "a", "1")]));
    const large = "v".repeat(100);
    expect(decode(decoder, literal(inserting, "b", large))?.get("b")).toBe(large);
    expect(decoder.tableSize).toBe(0);
  });

  test("a literal can take its name from the entry that it evicts (RFC 7541, 4.4)", () => {
    const decoder = new Decoder();
    decode(decoder, Buffer.concat([hex("3f 09"), literal(inserting, "name", "old")])); // 40 octets
    const block = Buffer.concat([hex("7e 04"), Buffer.from("next")]);
    expect(decode(decoder, block)?.flat).toEqual(["name", "next"]);
    expect(decode(decoder, hex("be"))?.flat).toEqual(["name", "next"]);
  });

  test("the ring keeps its order over many insertions", () => {
    const decoder = new Decoder();
    for (let i = 0; i < 1000; i++) {
      decode(decoder, literal(inserting, "n", String(i)));
      const older = Math.min(i, 100);
      const index = Buffer.from([0xff, 62 + older - 127]);
      if (62 + older >= 127) expect(decode(decoder, index)?.get("n")).toBe(String(i - older));
    }
    expect(decoder.tableSize).toBeLessThanOrEqual(4096);
  });
});

describe("the limit of a list", () => {
  const large = literal(plain, "x", "v".repeat(100)); // 133 octets of list

  test("a list of exactly the limit passes, one octet more does not", () => {
    expect(decode(new Decoder(), large, 133)?.size).toBe(133);
    const decoder = new Decoder();
    expect(decode(decoder, large, 132)).toBeUndefined();
    expect(decoder.fault?.kind).toBe("too-large");
  });

  test("the table stays in sync after a list that is too large", () => {
    const decoder = new Decoder();
    const block = Buffer.concat([large, literal(inserting, "after", "it"), literal(plain, "more", "text")]);
    expect(decode(decoder, block, 50)).toBeUndefined();
    expect(decoder.fault?.kind).toBe("too-large");
    expect(decode(decoder, hex("be"))?.flat).toEqual(["after", "it"]);
    expect(decoder.fault).toBeUndefined();
  });

  test("an entry that exceeds the list limit but fits the table is inserted", () => {
    const decoder = new Decoder();
    expect(decode(decoder, literal(inserting, "x", "v".repeat(100)), 50)).toBeUndefined();
    expect(decode(decoder, hex("be"))?.get("x")).toBe("v".repeat(100));
  });

  test("an entry that exceeds both the list limit and the table empties the table", () => {
    const decoder = new Decoder();
    decode(decoder, Buffer.concat([hex("3f 45"), literal(inserting, "a", "1")]));
    expect(decode(decoder, literal(inserting, "x", "v".repeat(120)), 50)).toBeUndefined();
    expect(decoder.tableSize).toBe(0);
  });

  test("a fault beyond the limit is still a compression error", () => {
    for (const tail of ["80", "40 01 61 84 ff ff ff ff", "00 01 61 84 ff ff ff ff"]) {
      const decoder = new Decoder();
      expect(decode(decoder, Buffer.concat([large, large, hex(tail)]), 100)).toBeUndefined();
      expect(decoder.fault?.kind).toBe("compression");
    }
  });

  test("indexed fields that expand a small block (CVE-2016-6581) are counted, not collected", () => {
    const decoder = new Decoder();
    const value = "v".repeat(3000);
    const insertion = Buffer.concat([hex("40 01 78 7f b9 16"), Buffer.from(value)]);
    expect(decode(decoder, insertion)?.get("x")).toBe(value);
    expect(decode(decoder, Buffer.alloc(100_000, 0xbe))).toBeUndefined();
    expect(decoder.fault?.kind).toBe("too-large");
  });

  test("a cached list counts against the limit of the call", () => {
    const decoder = new Decoder();
    expect(decode(decoder, large)?.size).toBe(133);
    expect(decode(decoder, large, 132)).toBeUndefined();
    expect(decoder.fault?.kind).toBe("too-large");
  });
});

describe("repeated blocks", () => {
  const insertion = Buffer.concat([literal(inserting, "a", "1"), literal(inserting, "b", "2")]);

  test("an indexed block gives the same list object while the table is unchanged", () => {
    const decoder = new Decoder();
    decode(decoder, insertion);
    const first = decode(decoder, hex("83 be bf"));
    expect(decode(decoder, hex("83 be bf"))).toBe(first);
    decode(decoder, literal(inserting, "c", "3"));
    const second = decode(decoder, hex("83 be bf"));
    expect(second?.flat).toEqual([":method", "POST", "c", "3", "b", "2"]);
    expect(decode(decoder, hex("83 be bf"))).toBe(second);
  });

  test("an indexed block is decoded again after a table size update", () => {
    const decoder = new Decoder();
    decode(decoder, insertion);
    decode(decoder, hex("be"));
    expect(decode(decoder, hex("20"))?.flat).toEqual([]);
    expect(decode(decoder, hex("be"))).toBeUndefined();
  });

  test("a block of literals gives the same list object in any state of the table", () => {
    const decoder = new Decoder();
    const block = Buffer.concat([hex("83"), literal(plain, "name", "value"), literal(plain, "other", "value")]);
    const first = decode(decoder, block);
    decode(decoder, insertion);
    expect(decode(decoder, Buffer.from(block))).toBe(first);
    const changed = Buffer.from(block);
    changed[changed.length - 1] = 0x78;
    expect(decode(decoder, changed)?.get("other")).toBe("valux");
  });

  test("a block that inserts is never taken from the cache", () => {
    const decoder = new Decoder();
    for (let i = 1; i <= 3; i++) {
      decode(decoder, literal(inserting, "a", "1"));
      expect(decoder.tableSize).toBe(34 * i);
    }
  });

  test.each([
    ["a never-indexed literal", literal(never, "x-token", "secret")],
    ["authorization", literal(plain, "authorization", "secret")],
    ["cookie by its static name", Buffer.concat([hex("0f 11 06"), Buffer.from("secret")])],
  ])("a block with %s is decoded each time", (_, block) => {
    const decoder = new Decoder();
    const first = decode(decoder, block);
    const second = decode(decoder, block);
    expect(second?.flat).toEqual(first?.flat);
    expect(second).not.toBe(first);
  });

  test("the cache stays bounded and correct after many different blocks", () => {
    const decoder = new Decoder();
    for (let i = 0; i < 5000; i++) {
      const text = String(i % 700);
      const block = Buffer.concat([hex("83"), literal(plain, "name", `value-${text}`)]);
      expect(decode(decoder, block)?.get("name")).toBe(`value-${text}`);
    }
  });
});

describe("random blocks", () => {
  /** Near-valid blocks: encoded lists with some octets changed. */
  const field = fc.tuple(fc.constantFrom("a", "x-name", ":path", "cookie", "te"), fc.string({ maxLength: 20, unit: "binary-ascii" }));
  const mutated = fc.tuple(
    fc.array(field, { maxLength: 6 }),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 }),
    fc.nat({ max: 5 }),
  );

  test("random octets give a list or a fault, and the table stays bounded", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 8 }), (blocks) => {
        const decoder = new Decoder();
        for (const block of blocks) check(decoder, Buffer.from(block));
      }),
      { seed: 3, numRuns: 3000 },
    );
  });

  test("mutated blocks give a list or a fault, and the table stays bounded", () => {
    fc.assert(
      fc.property(fc.array(mutated, { minLength: 1, maxLength: 8 }), (blocks) => {
        const decoder = new Decoder();
        const encoder = new Encoder();
        for (const [fields, changes, cut] of blocks) {
          const list = new HeaderList(fields.flat());
          const out = Buffer.alloc(encoder.maxEncodedLength(list));
          const block = out.subarray(0, Math.max(0, encoder.encode(list, out, 0) - cut));
          for (const [at, octet] of changes) if (block.length > 0) block[at % block.length] = octet;
          check(decoder, block);
        }
      }),
      { seed: 4, numRuns: 2000 },
    );
  });

  function check(decoder: Decoder, block: Buffer): void {
    const list = decode(decoder, block, 500);
    expect(decoder.tableSize).toBeLessThanOrEqual(4096);
    if (list === undefined) expect(decoder.fault?.reason).toMatch(/RFC (7541|9113)/);
    else {
      expect(list.size).toBeLessThanOrEqual(500);
      expect(list.size).toBe(list.flat.reduce((sum, text) => sum + text.length + 16, 0));
    }
  }
});
