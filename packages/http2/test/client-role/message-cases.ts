// Responses, malformed and well-formed, as a client sees them (RFC 9113, section 8, and RFC 7541).
import { expect } from "vitest";
import { code, data, flag, headers } from "../raw/frames.ts";
import { block, type Fields, response as fields, incremental, indexed, plain, tableSize } from "../raw/hpack.ts";
import type { ClientCase } from "./case.ts";
import { connectionError, response, streamError } from "./expect.ts";

const end = data(1, "body", flag.endStream);
const begin = (list: Uint8Array = fields()) => headers(1, list, flag.endHeaders);

const malformed = (section: string, title: string, ...answer: readonly Uint8Array[]): ClientCase => ({
  section,
  title,
  answer,
  expect: streamError(code.protocolError),
});
const accepted = (section: string, title: string, ...answer: readonly Uint8Array[]): ClientCase => ({
  section,
  title,
  answer,
  expect: response(200, 4),
});
const undecodable = (section: string, title: string, list: Uint8Array): ClientCase => ({
  section: `${section} of RFC 7541`,
  title,
  answer: [begin(list)],
  expect: connectionError(code.compressionError),
});
const withField = (...more: Fields) => begin(fields({}, more));
const status = (value: string) => begin(fields({ ":status": value }));
const trailer = (list: Uint8Array, flags?: number) => headers(1, list, flags);

export const messageCases: readonly ClientCase[] = [
  malformed("8.1", "DATA before HEADERS", data(1, "body")),
  malformed("8.1", "DATA after only an interim response", status("100"), end),
  malformed("8.1", "trailers without END_STREAM", begin(), data(1, "body"), trailer(block([["x", "y"]]), flag.endHeaders)),
  malformed("8.1", "two responses", begin(), begin()),
  malformed("8.1", "an interim response that ends the stream", headers(1, fields({ ":status": "100" }))),
  malformed("8.2", "a field name in upper case", withField(["X-Test", "y"])),
  malformed("8.2.1", "a field name with a space", withField(["x test", "y"])),
  malformed("8.2.1", "an empty field name", withField(["", "y"])),
  malformed("8.2.1", "a field name with a colon", withField(["x:y", "z"])),
  malformed("8.2.1", "a field value with a line feed", withField(["x", "y\nz"])),
  malformed("8.2.1", "a field value with NUL", withField(["x", "y\0"])),
  malformed("8.2.1", "a field value with white space at its end", withField(["x", "y "])),
  malformed("8.2.2", "connection", withField(["connection", "close"])),
  malformed("8.2.2", "transfer-encoding", withField(["transfer-encoding", "chunked"])),
  malformed("8.2.2", "keep-alive", withField(["keep-alive", "5"])),
  malformed("8.2.2", "proxy-connection", withField(["proxy-connection", "close"])),
  malformed("8.2.2", "upgrade", withField(["upgrade", "h2c"])),
  malformed("8.3", "a pseudo-header field of requests", begin(Buffer.concat([fields(), plain(":path", "/")]))),
  malformed("8.3", "an unknown pseudo-header field", begin(Buffer.concat([fields(), plain(":test", "x")]))),
  malformed("8.3", "a pseudo-header field after a regular one", begin(Buffer.concat([plain("x", "y"), fields()]))),
  malformed("8.3", "a pseudo-header field in trailers", begin(), data(1, "body"), trailer(block([[":status", "200"]]))),
  malformed("8.2", "a connection-specific field in trailers", begin(), data(1, "body"), trailer(block([["connection", "close"]]))),
  malformed("8.3.2", "no :status", begin(block([["x", "y"]]))),
  malformed("8.3.2", ":status twice", begin(Buffer.concat([fields(), fields()]))),
  malformed("8.3.2", "a :status of two digits", status("20")),
  malformed("8.3.2", "a :status of four digits", status("2000")),
  malformed("8.3.2", "a :status that is not a number", status("abc")),
  malformed("8.3.2", "an empty :status", status("")),
  malformed("8.6", "status 101", status("101"), begin(), end),
  malformed("8.1.1", "a content-length larger than the body", withField(["content-length", "5"]), end),
  malformed("8.1.1", "a content-length smaller than the body", withField(["content-length", "3"]), end),
  malformed("8.1.1", "a content-length that is not a number", withField(["content-length", "four"]), end),
  malformed("8.1.1", "two values of content-length", withField(["content-length", "4"], ["content-length", "5"]), end),
  accepted("8.1.1", "the right content-length", withField(["content-length", "4"]), end),
  {
    section: "8.1.1",
    title: "a content-length without a body, in response to HEAD",
    method: "HEAD",
    answer: [headers(1, fields({}, [["content-length", "1000"]]))],
    expect: response(200, 0),
  },
  {
    section: "8.1.1",
    title: "a content-length without a body, with status 304",
    answer: [headers(1, fields({ ":status": "304" }, [["content-length", "1000"]]))],
    expect: response(304, 0),
  },
  accepted("8.1", "interim responses", status("100"), status("103"), status("199"), begin(), end),
  {
    section: "8.1",
    title: "interim responses, of which the handler sees only the final one",
    answer: [status("100"), status("102"), begin(), end],
    expect: async ({ outcome, recorder }) => {
      expect((await outcome).status).toBe(200);
      expect(recorder.calls).toEqual(["headers", "data"]);
    },
  },
  {
    section: "8.1",
    title: "trailers",
    answer: [begin(), data(1, "body"), trailer(block([["x-sum", "1"]]))],
    expect: response(200, 4, { "x-sum": "1" }),
  },
  {
    section: "8.1",
    title: "trailers without a body",
    answer: [begin(), trailer(block([["x-sum", "1"]]))],
    expect: response(200, 0, { "x-sum": "1" }),
  },
  { section: "8.1", title: "empty trailers", answer: [begin(), data(1, "body"), trailer(Buffer.alloc(0))], expect: response(200, 4) },
  { section: "8.3.2", title: "any final status", answer: [headers(1, fields({ ":status": "599" }))], expect: response(599, 0) },

  accepted("6.1 of RFC 7541", "an indexed :status", begin(indexed(8)), end),
  accepted(
    "6.2.1 of RFC 7541",
    "a field of the dynamic table",
    begin(Buffer.concat([indexed(8), incremental("x", "y"), indexed(62)])),
    end,
  ),
  accepted("6.3 of RFC 7541", "a table size update", begin(Buffer.concat([tableSize(0), tableSize(1_000), indexed(8)])), end),
  undecodable("6.1", "index 0", indexed(0)),
  undecodable("2.3.3", "an index beyond both tables", indexed(62)),
  undecodable("6.3", "a table size update above the limit", Buffer.concat([tableSize(4_097), fields()])),
  undecodable("4.2", "a table size update after a field", Buffer.concat([fields(), tableSize(10)])),
  undecodable("5.1", "an integer of too many bytes", Buffer.concat([Buffer.of(0xff), Buffer.alloc(12, 0xff), Buffer.of(0)])),
  undecodable("5.2", "a string longer than its block", Buffer.of(0x00, 0x05, 0x61)),
  {
    section: "4.3 of RFC 7541",
    title: "an evicted field is no longer in the table",
    answer: [begin(Buffer.concat([tableSize(64), indexed(8), incremental("x-one", "y"), incremental("x-two", "y"), indexed(63)]))],
    expect: connectionError(code.compressionError),
  },
];
