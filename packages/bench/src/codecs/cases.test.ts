import { expect, test } from "vitest";
import type { BenchMessage } from "../messages/message.ts";
import { binaryCases, jsonCases } from "./cases.ts";
import type { CodecPeer, MessageWork } from "./codec-peer.ts";
import { protobufEs } from "./protobuf-es.ts";
import { tsProto } from "./ts-proto.ts";

const messages: BenchMessage[] = [{ name: "item", type: "StreamData", init: { data: "a", number: 1 } }];

const odd = (change: (work: MessageWork) => Partial<MessageWork>): CodecPeer => ({
  name: "odd",
  work(message) {
    const work = protobufEs.work(message);
    return { ...work, ...change(work) };
  },
});

test("measures every direction for each codec", () => {
  const cases = binaryCases(messages, [protobufEs, tsProto]);
  expect(cases.map(({ family }) => family)).toEqual(["encode", "encode made", "decode"]);
  for (const { works } of cases) expect(Object.keys(works)).toEqual(["protobuf-es", "ts-proto"]);
});

test.each([
  ["omits bytes", odd(({ encode }) => ({ encode: (value) => encode(value).subarray(1) }))],
  ["loses fields", odd(() => ({ decode: () => ({ data: "a" }) }))],
])("a codec that %s fails the run", (_what, peer) => {
  expect(() => binaryCases(messages, [protobufEs, peer])).toThrow(/item: odd does not encode/);
});

test.each([
  ["prints different text", odd(() => ({ print: () => '{"data":"b"}' }))],
  ["parses different fields", odd(({ parse }) => ({ parse: () => parse("{}") }))],
  ["cannot parse", odd(() => ({ parse: () => JSON.parse("no") }))],
])("a codec that %s is excluded for that message", (_what, peer) => {
  for (const { works } of jsonCases(messages, [protobufEs, peer])) expect(Object.keys(works)).toEqual(["protobuf-es"]);
});
