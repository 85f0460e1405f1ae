// The benchmark cases of a message: each direction, for all codecs that are correct.
import { isDeepStrictEqual } from "node:util";
import { codecSet } from "../messages/codec-set.ts";
import { jsonSet } from "../messages/json-set.ts";
import type { BenchMessage } from "../messages/message.ts";
import type { CodecPeer, MessageWork } from "./codec-peer.ts";
import { codecPeers } from "./index.ts";
import { protobufEs } from "./protobuf-es.ts";

export interface CodecCase {
  /** `encode` takes what users write. `encode made` takes a message that `decode` created. */
  readonly family: "encode" | "encode made" | "decode" | "parse" | "print";
  readonly name: string;
  /** The size of the encoded message or of the JSON text. */
  readonly bytes: number;
  /** The work of each contestant. */
  readonly works: Readonly<Record<string, () => unknown>>;
}

type Named = [name: string, work: MessageWork];

/**
 * Creates the cases for the binary format.
 *
 * @throws Error if a codec does not encode the same bytes as protobuf-es, or does not decode them:
 * all contestants must do the same work.
 */
export function binaryCases(messages: readonly BenchMessage[] = codecSet, peers: readonly CodecPeer[] = codecPeers): CodecCase[] {
  return messages.flatMap((message) => {
    const reference = protobufEs.work(message);
    const bytes = Buffer.from(reference.encode(reference.init));
    const all = peers.map(({ name, work }): Named => [name, work(message)]);
    for (const [name, { init, encode, decode }] of all) {
      for (const written of [encode(init), encode(decode(bytes))]) {
        // Map entries have no order, so other codecs may write them in a different one.
        const same = name === "rpc" ? bytes.equals(written) : written.length === bytes.length;
        if (!same) throw new Error(`${message.name}: ${name} does not encode the bytes of protobuf-es`);
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

/**
 * Creates the cases for JSON. A codec is excluded for messages whose JSON is not canonical in it,
 * such as timestamps in protobufjs.
 */
export function jsonCases(messages: readonly BenchMessage[] = jsonSet, peers: readonly CodecPeer[] = codecPeers): CodecCase[] {
  return messages.flatMap((message) => {
    const reference = protobufEs.work(message);
    const bytes = Buffer.from(reference.encode(reference.init));
    const text = reference.print(reference.decode(bytes));
    const able = peers.flatMap(({ name, work }): Named[] => {
      const messageWork = work(message);
      const printed = printedBy(messageWork, bytes, text);
      if (name === "rpc" && printed.some((one) => one !== text)) throw new Error(`${message.name}: rpc prints ${printed.join(", ")}`);
      return printed.every((one) => isDeepStrictEqual(one && JSON.parse(one), JSON.parse(text))) ? [[name, messageWork]] : [];
    });
    const print = ([name, { print, decode }]: Named) => {
      const made = decode(bytes);
      // Reading a character flattens the concatenated string, as writing it to a socket would.
      return [name, () => print(made).charCodeAt(1)] as const;
    };
    const common = { name: message.name, bytes: Buffer.byteLength(text) };
    return [
      { family: "parse", ...common, works: Object.fromEntries(able.map(([name, { parse }]) => [name, () => parse(text)])) },
      { family: "print", ...common, works: Object.fromEntries(able.map(print)) },
    ] satisfies CodecCase[];
  });
}

/** Prints a decoded message, and a parsed one. `undefined` if that fails. */
function printedBy({ print, parse, decode }: MessageWork, bytes: Buffer, text: string): (string | undefined)[] {
  return [() => print(decode(bytes)), () => print(parse(text))].map((print) => {
    try {
      return print();
    } catch {
      return undefined;
    }
  });
}
