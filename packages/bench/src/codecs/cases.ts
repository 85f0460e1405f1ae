// What is measured of a message: each direction, by everyone who does it right.
import { isDeepStrictEqual } from "node:util";
import { codecSet } from "../messages/codec-set.ts";
import { jsonSet } from "../messages/json-set.ts";
import type { BenchMessage } from "../messages/message.ts";
import type { CodecPeer, MessageWork } from "./codec-peer.ts";
import { codecPeers } from "./index.ts";
import { protobufEs } from "./protobuf-es.ts";

export interface CodecCase {
  /** `encode`: of what users write; `encode made`: of a message as `decode` makes it. */
  readonly family: "encode" | "encode made" | "decode" | "parse" | "print";
  readonly name: string;
  /** Of the message, or of the text. */
  readonly bytes: number;
  /** By contestant. */
  readonly works: Readonly<Record<string, () => unknown>>;
}

type Named = [name: string, work: MessageWork];

/** @throws if a codec does not write what protobuf-es writes, or does not read it: what is measured must be the same work */
export function binaryCases(messages: readonly BenchMessage[] = codecSet, peers: readonly CodecPeer[] = codecPeers): CodecCase[] {
  return messages.flatMap((message) => {
    const reference = protobufEs.work(message);
    const bytes = Buffer.from(reference.encode(reference.init));
    const all = peers.map(({ name, work }): Named => [name, work(message)]);
    for (const [name, { init, encode, decode }] of all) {
      for (const written of [encode(init), encode(decode(bytes))]) {
        // Maps have no order: the others' may be in another one.
        const same = name === "rpc" ? bytes.equals(written) : written.length === bytes.length;
        if (!same) throw new Error(`${message.name}: ${name} does not write the bytes of protobuf-es`);
      }
    }
    const made = ([name, { encode, decode }]: Named) => {
      const message = decode(bytes);
      return [name, () => encode(message)] as const;
    };
    const common = { name: message.name, bytes: bytes.length };
    return [
      { family: "encode", ...common, works: Object.fromEntries(all.map(([name, { init, encode }]) => [name, () => encode(init)])) },
      { family: "encode made", ...common, works: Object.fromEntries(all.map(made)) },
      { family: "decode", ...common, works: Object.fromEntries(all.map(([name, { decode }]) => [name, () => decode(bytes)])) },
    ] satisfies CodecCase[];
  });
}

/** A codec whose JSON of a message is not canonical, such as that of timestamps in protobufjs, is left out for it. */
export function jsonCases(messages: readonly BenchMessage[] = jsonSet, peers: readonly CodecPeer[] = codecPeers): CodecCase[] {
  return messages.flatMap((message) => {
    const reference = protobufEs.work(message);
    const bytes = Buffer.from(reference.encode(reference.init));
    const text = reference.print(reference.decode(bytes));
    const able = peers.flatMap(({ name, work }): Named[] => {
      const its = work(message);
      const printed = printedBy(its, bytes, text);
      if (name === "rpc" && printed.some((one) => one !== text)) throw new Error(`${message.name}: rpc prints ${printed.join(", ")}`);
      return printed.every((one) => isDeepStrictEqual(one && JSON.parse(one), JSON.parse(text))) ? [[name, its]] : [];
    });
    const print = ([name, { print, decode }]: Named) => {
      const made = decode(bytes);
      // Reading a character makes one string of what was concatenated, as writing it to a socket would.
      return [name, () => print(made).charCodeAt(1)] as const;
    };
    const common = { name: message.name, bytes: Buffer.byteLength(text) };
    return [
      { family: "parse", ...common, works: Object.fromEntries(able.map(([name, { parse }]) => [name, () => parse(text)])) },
      { family: "print", ...common, works: Object.fromEntries(able.map(print)) },
    ] satisfies CodecCase[];
  });
}

/** Of a message that was decoded, and of one that was parsed; undefined where it cannot. */
function printedBy({ print, parse, decode }: MessageWork, bytes: Buffer, text: string): (string | undefined)[] {
  return [() => print(decode(bytes)), () => print(parse(text))].map((print) => {
    try {
      return print();
    } catch {
      return undefined;
    }
  });
}
