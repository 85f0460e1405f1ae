// The parts of a call that need no browser: envelopes, headers, statuses, frames, the record.
import { describe, expect, test } from "vitest";
import { CallRecord } from "../state/record.ts";
import { EnvelopeReader, envelope } from "./envelopes.ts";
import { endOf } from "./fetch.ts";
import { joined, metadataFault, readHeaders } from "./headers.ts";
import { eventOf } from "./socket.ts";
import { codeNames, codeOf, statusOf } from "./status.ts";

describe("envelopes", () => {
  const texts = ["", "a", "单".repeat(1000), "{}"];
  const bytes = Uint8Array.from(texts.flatMap((text) => [...envelope(text)]));

  test.each([1, 2, 3, 5, 7, 1000, 100_000])("are found in chunks of %i bytes", (size) => {
    const reader = new EnvelopeReader();
    const found: string[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      for (const { flags, data } of reader.read(bytes.subarray(at, at + size))) found.push(`${flags} ${new TextDecoder().decode(data)}`);
    }
    expect(found).toEqual(texts.map((text) => `0 ${text}`));
    expect(reader.incomplete).toBe(false);
  });

  test("an incomplete envelope is noticed", () => {
    const reader = new EnvelopeReader();
    expect(reader.read(bytes.subarray(0, 3))).toEqual([]);
    expect(reader.incomplete).toBe(true);
  });
});

test("each code has its name in Connect", () => {
  for (const name of codeNames) expect(codeOf(name === "CANCELLED" ? "canceled" : name.toLowerCase())).toBe(name);
  for (const name of ["none", undefined, 5, "__proto__"]) expect(codeOf(name)).toBe("UNKNOWN");
});

test("an error that is not well-formed is a status, too", () => {
  for (const error of [null, 1, "a", [], {}, { code: 1, message: 2, details: 3 }]) {
    expect(statusOf(error)).toEqual({ code: "UNKNOWN", message: "", details: [], local: false });
  }
});

test("the end of a stream has its status and trailer", () => {
  expect(endOf("{}")).toEqual({ status: { code: "OK", message: "", details: [], local: false }, trailer: [] });
  const text =
    '{"error":{"code":"not_found","message":"no","details":[{"type":"a.B","value":"AQ","debug":{"c":1}}]},"metadata":{"k":["1","2"]}}';
  expect(endOf(text)).toEqual({
    status: { code: "NOT_FOUND", message: "no", details: [{ type: "a.B", value: "AQ", debug: { c: 1 } }], local: false },
    trailer: [
      ["k", "1"],
      ["k", "2"],
    ],
  });
});

test("frames keep the text of messages", () => {
  expect(eventOf('{"message":{"a":9007199254740993}}')).toEqual({ type: "message", text: '{"a":9007199254740993}', bytes: 22 });
  expect(eventOf('{"headers":{"a":["1"]}}')).toEqual({ type: "header", metadata: [["a", "1"]] });
  expect(eventOf('{"end":{}}')).toMatchObject({ type: "end", status: { code: "OK" } });
  expect(eventOf("{}")).toBeUndefined();
});

describe("metadata", () => {
  test.each([
    ["x-a", "b", undefined],
    ["X-A", "b", undefined],
    ["authorization", "Bearer x", undefined],
    ["x-bin", "AQI=", undefined],
    ["x-bin", "a b", "base64"],
    ["x a", "b", "key"],
    ["x\r\ny", "b", "key"],
    ["单", "b", "key"],
    ["x-a", "单", "value"],
    ["x-a", "a\r\nb", "value"],
    ["host", "a", "reserved"],
    ["Cookie", "a", "reserved"],
    ["x-forwarded-for", "a", "reserved"],
    ["grpc-timeout", "1S", "reserved"],
    ["sec-fetch-site", "a", "reserved"],
  ])("%j: %j has the fault %s", (key, value, fault) => {
    expect(metadataFault(key, value)).toBe(fault);
  });

  test("values of one key are joined", () => {
    expect(
      joined([
        ["X-A", "1"],
        ["x-a", "2"],
        ["b", "3"],
      ]),
    ).toEqual({ "x-a": "1, 2", b: "3" });
  });

  test("headers of HTTP are not metadata", () => {
    const headers = new Headers({ "content-type": "a", date: "b", "x-a": "1", "trailer-x-b": "2", "x-request-id": "3" });
    expect(readHeaders(headers)).toEqual({
      header: [
        ["x-a", "1"],
        ["x-request-id", "3"],
      ],
      trailer: [["x-b", "2"]],
    });
  });
});

test("a record has the times and sizes of a call", () => {
  let now = 100;
  const record = new CallRecord(() => now);
  record.request("单");
  now = 110;
  record.take({ type: "header", metadata: [["a", "b"]] });
  for (const at of [120, 130]) {
    now = at;
    record.take({ type: "message", text: "{}", bytes: 2 });
  }
  record.halfClose();
  now = 140;
  record.take({ type: "end", status: statusOf({ code: "aborted" }), trailer: [] });
  expect(record).toMatchObject({
    headerAt: 10,
    firstAt: 20,
    endAt: 40,
    sent: { messages: 1, bytes: 3 },
    received: { messages: 2, bytes: 4 },
    halfCloseAt: 30,
    header: [["a", "b"]],
    status: { code: "ABORTED" },
  });
  expect([...record].map(({ kind, at }) => `${kind} ${at}`)).toEqual([
    "request 0",
    "header 10",
    "message 20",
    "message 30",
    "halfClose 30",
    "end 40",
  ]);
});
