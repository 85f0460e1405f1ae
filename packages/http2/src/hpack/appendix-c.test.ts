// The examples of RFC 7541, Appendix C.

import { describe, expect, test } from "vitest";
import { HeaderList } from "../headers/header-list.ts";
import { Decoder } from "./decoder.ts";
import { Encoder } from "./encoder.ts";

interface Example {
  hex: string;
  fields: string[];
  /** The size of the dynamic table after the block. */
  tableSize: number;
}

const request1 = [":method", "GET", ":scheme", "http", ":path", "/", ":authority", "www.example.com"];
const request2 = [...request1, "cache-control", "no-cache"];
const request3 = [
  ...[":method", "GET", ":scheme", "https", ":path", "/index.html", ":authority", "www.example.com"],
  ...["custom-key", "custom-value"],
];
const response = (status: string, date: string) => [
  ...[":status", status, "cache-control", "private", "date", date],
  ...["location", "https://www.example.com"],
];
const response1 = response("302", "Mon, 21 Oct 2013 20:13:21 GMT");
const response2 = response("307", "Mon, 21 Oct 2013 20:13:21 GMT");
const response3 = [
  ...response("200", "Mon, 21 Oct 2013 20:13:22 GMT"),
  ...["content-encoding", "gzip"],
  ...["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"],
];

const requests: Example[] = [
  { hex: "828684410f7777772e6578616d706c652e636f6d", fields: request1, tableSize: 57 },
  { hex: "828684be58086e6f2d6361636865", fields: request2, tableSize: 110 },
  { hex: "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565", fields: request3, tableSize: 164 },
];
const huffmanRequests: Example[] = [
  { hex: "828684418cf1e3c2e5f23a6ba0ab90f4ff", fields: request1, tableSize: 57 },
  { hex: "828684be5886a8eb10649cbf", fields: request2, tableSize: 110 },
  { hex: "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", fields: request3, tableSize: 164 },
];
const responses: Example[] = [
  {
    hex:
      "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54" +
      "6e1768747470733a2f2f7777772e6578616d706c652e636f6d",
    fields: response1,
    tableSize: 222,
  },
  { hex: "4803333037c1c0bf", fields: response2, tableSize: 222 },
  {
    hex:
      "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a697077" +
      "38666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
    fields: response3,
    tableSize: 215,
  },
];
const huffmanResponses: Example[] = [
  {
    hex: "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
    fields: response1,
    tableSize: 222,
  },
  { hex: "4883640effc1c0bf", fields: response2, tableSize: 222 },
  {
    hex:
      "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960" +
      "d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    fields: response3,
    tableSize: 215,
  },
];

function expectDecodes(decoder: Decoder, { hex, fields, tableSize }: Example): void {
  const block = Buffer.from(hex, "hex");
  const list = decoder.decode(block, 0, block.length, 65_536);
  expect(decoder.fault).toBeUndefined();
  expect(list?.flat).toEqual(fields);
  expect(decoder.tableSize).toBe(tableSize);
}

function encode(encoder: Encoder, fields: string[], neverIndexed?: Set<string>): string {
  const list = new HeaderList(fields, neverIndexed);
  const out = Buffer.alloc(encoder.maxEncodedLength(list));
  return out.toString("hex", 0, encoder.encode(list, out, 0));
}

/**
 * Returns a decoder with a table of 256 octets, set by a size update of the peer as in C.5 and C.6.
 */
function smallDecoder(): Decoder {
  const decoder = new Decoder({ maxTableSize: 256 });
  const update = Buffer.from("3fe101", "hex");
  expect(decoder.decode(update, 0, update.length, 65_536)?.flat).toEqual([]);
  return decoder;
}

describe("RFC 7541, Appendix C", () => {
  test.each([
    ["C.1.1: 10 with a 5-bit prefix", 10, "2a"],
    ["C.1.2: 1337 with a 5-bit prefix", 1337, "3f9a0a"],
  ])("%s", (_, size, hex) => {
    const encoder = new Encoder();
    encoder.setMaxTableSize(size);
    expect(encode(encoder, [])).toBe(hex);
    const decoder = new Decoder({ maxTableSize: size });
    decoder.settingsAcknowledged(); // from now on, a value above `size` is a fault
    const block = Buffer.from(hex, "hex");
    expect(decoder.decode(block, 0, block.length, 100)?.flat).toEqual([]);
    const greater = Buffer.from(block);
    greater[greater.length - 1] = (greater[greater.length - 1] as number) + 1;
    expect(decoder.decode(greater, 0, greater.length, 100)).toBeUndefined();
  });

  test.each<[string, Example]>([
    [
      "C.2.1: a literal with indexing",
      { hex: "400a637573746f6d2d6b65790d637573746f6d2d686561646572", fields: ["custom-key", "custom-header"], tableSize: 55 },
    ],
    ["C.2.2: a literal without indexing", { hex: "040c2f73616d706c652f70617468", fields: [":path", "/sample/path"], tableSize: 0 }],
    ["C.2.3: a literal that is never indexed", { hex: "100870617373776f726406736563726574", fields: ["password", "secret"], tableSize: 0 }],
    ["C.2.4: an indexed field", { hex: "82", fields: [":method", "GET"], tableSize: 0 }],
  ])("%s", (_, example) => {
    expectDecodes(new Decoder(), example);
  });

  test("C.2.3: the decoded list marks the field as never indexed, and the encoder preserves that", () => {
    const block = Buffer.from("100870617373776f726406736563726574", "hex");
    const list = new Decoder().decode(block, 0, block.length, 100);
    expect([...(list?.neverIndexed ?? [])]).toEqual(["password"]);
    const encoded = encode(new Encoder(), [...(list?.flat ?? [])], new Set(list?.neverIndexed));
    expect(encoded.slice(0, 2)).toBe("10");
  });

  test("C.2.4: the encoder writes the static index", () => {
    expect(encode(new Encoder(), [":method", "GET"])).toBe("82");
  });

  test.each([
    ["C.3: requests without Huffman code", requests],
    ["C.4: requests with Huffman code", huffmanRequests],
  ])("%s are decoded", (_, examples) => {
    const decoder = new Decoder();
    for (const example of examples) expectDecodes(decoder, example);
  });

  test("C.4: the encoder writes the same octets", () => {
    const encoder = new Encoder();
    for (const { hex, fields, tableSize } of huffmanRequests) {
      expect(encode(encoder, fields)).toBe(hex);
      expect(encoder.tableSize).toBe(tableSize);
    }
  });

  test.each([
    ["C.5: responses without Huffman code", responses],
    ["C.6: responses with Huffman code", huffmanResponses],
  ])("%s are decoded, with eviction", (_, examples) => {
    const decoder = smallDecoder();
    for (const example of examples) expectDecodes(decoder, example);
  });
});
