// What is measured of a message: each direction, by everyone who can do it right.
import { isDeepStrictEqual } from "node:util";
import { codecSet } from "../messages/codec-set.ts";
import { jsonSet } from "../messages/json-set.ts";
import type { BenchMessage } from "../messages/message.ts";
import type { CodecPeer, MessageWork } from "./codec-peer.ts";
import { codecPeers } from "./index.ts";

export interface CodecCase {
  readonly family: "encode" | "decode" | "parse" | "print";
  readonly name: string;
  /** Of the message, or of the text. */
  readonly bytes: number;
  /** By contestant. */
  readonly works: Readonly<Record<string, () => unknown>>;
}

type Peers = readonly CodecPeer[];

/** @throws if ours or another codec does not write what protobuf-es writes: what is measured must be the same work. */
export function binaryCases(messages: readonly BenchMessage[] = codecSet, peers: Peers = codecPeers): CodecCase[] {
  return messages.flatMap((message) => {
    const all = worksOf(message, peers);
    const bytes = Buffer.from(reference(all).encode());
    for (const [name, { encode }] of all) {
      const written = encode();
      // Maps have no order: the others' may be in another one.
      const same = name === "rpc" ? bytes.equals(written) : written.length === bytes.length;
      if (!same) throw new Error(`${message.name}: ${name} writes other bytes than protobuf-es`);
    }
    return [
      {
        family: "encode",
        name: message.name,
        bytes: bytes.length,
        works: Object.fromEntries(all.map(([name, { encode }]) => [name, encode])),
      },
      {
        family: "decode",
        name: message.name,
        bytes: bytes.length,
        works: Object.fromEntries(all.map(([name, { decode }]) => [name, () => decode(bytes)])),
      },
    ] satisfies CodecCase[];
  });
}

/** A codec whose JSON of a message is not canonical, such as that of timestamps in protobufjs, is left out for it. */
export function jsonCases(messages: readonly BenchMessage[] = jsonSet, peers: Peers = codecPeers): CodecCase[] {
  return messages.flatMap((message) => {
    const all = worksOf(message, peers);
    const text = reference(all).print?.() ?? "";
    const able = all.filter(([name, work]) => {
      const printed = printedBy(work);
      if (name === "rpc" && printed !== text) throw new Error(`${message.name}: ${name} prints something else than protobuf-es`);
      return printed !== undefined && isDeepStrictEqual(JSON.parse(printed), JSON.parse(text));
    });
    const bytes = Buffer.byteLength(text);
    // Reading a character makes one string of what was concatenated, as writing it to a socket would.
    const print = ([name, { print }]: [string, MessageWork]) => [name, () => print?.().charCodeAt(1)] as const;
    const parse = ([name, { parse }]: [string, MessageWork]) => [name, () => parse?.(text)] as const;
    return [
      { family: "parse", name: message.name, bytes, works: Object.fromEntries(able.map(parse)) },
      { family: "print", name: message.name, bytes, works: Object.fromEntries(able.map(print)) },
    ] satisfies CodecCase[];
  });
}

const worksOf = (message: BenchMessage, peers: Peers): [name: string, work: MessageWork][] =>
  peers.map((peer) => [peer.name, peer.work(message)]);

function reference(all: readonly [name: string, work: MessageWork][]): MessageWork {
  const [, work] = all.find(([name]) => name === "protobuf-es") ?? [];
  if (work === undefined) throw new Error("protobuf-es is not among the contestants");
  return work;
}

function printedBy({ print }: MessageWork): string | undefined {
  try {
    return print?.();
  } catch {
    return undefined;
  }
}
