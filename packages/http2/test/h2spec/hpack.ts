// RFC 7541: HPACK.
import { code, headers, setting } from "../raw/frames.ts";
import { incremental, indexed, integer, neverIndexed, plain, tableSize } from "../raw/hpack.ts";
import { type Case, connectionError, get, responseHeaders, send, sendBy } from "./case.ts";

/** A request followed by fields in special representations. */
const accepted = (section: string, title: string, ...fields: readonly Uint8Array[]): Case => ({
  section,
  title,
  steps: [send(headers(1, Buffer.concat([get, ...fields]))), responseHeaders(1)],
});
const rejected = (section: string, title: string, ...fields: readonly Uint8Array[]): Case => ({
  section,
  title,
  steps: [send(headers(1, Buffer.concat([get, ...fields]))), connectionError(code.compressionError)],
});
const bytes = (hex: string) => Buffer.from(hex.replaceAll(" ", ""), "hex");

// Huffman coding (appendix B) of "user-agent", "x-test" and "h2spec".
const userAgent = "87 b505b161cc5a93";
const xTest = "85 f2b24a84ff";
const h2spec = "84 9c48aca4";

export const hpack: readonly Case[] = [
  rejected("2.3.3", "an index beyond both tables", indexed(70)),
  rejected("2.3.3", "a literal whose name is an index beyond both tables", integer(70, 6, 0x40), Buffer.of(0)),
  rejected("4.2", "a table size update after a field", tableSize(1)),
  {
    section: "4.2",
    title: "two table size updates",
    steps: [send(headers(1, Buffer.concat([tableSize(128), tableSize(4_096), get]))), responseHeaders(1)],
  },
  rejected("5.2", "Huffman padding of more than 7 bits", bytes(`00 ${xTest} 84 49509fff`)),
  rejected("5.2", "Huffman padding with zeros", bytes(`00 ${xTest} 83 495090`)),
  rejected("5.2", "Huffman coding of EOS", bytes(`00 ${xTest} 87 4951fffffffa7f`)),
  accepted("6.1", "an indexed field", indexed(58)),
  rejected("6.1", "index 0", indexed(0)),
  accepted("6.2.1", "incremental indexing, a name of the static table", incremental("user-agent", "h2spec")),
  accepted("6.2.1", "incremental indexing, a name of the static table, Huffman", bytes(`40 ${userAgent} ${h2spec}`)),
  accepted("6.2.1", "incremental indexing, a new name", incremental("x-test", "h2spec")),
  accepted("6.2.1", "incremental indexing, a new name, Huffman", bytes(`40 ${xTest} ${h2spec}`)),
  accepted("6.2.2", "without indexing, a name of the static table", plain("user-agent", "h2spec")),
  accepted("6.2.2", "without indexing, a name of the static table, Huffman", bytes(`00 ${userAgent} ${h2spec}`)),
  accepted("6.2.2", "without indexing, a new name", plain("x-test", "h2spec")),
  accepted("6.2.2", "without indexing, a new name, Huffman", bytes(`00 ${xTest} ${h2spec}`)),
  accepted("6.2.3", "never indexed, a name of the static table", neverIndexed("user-agent", "h2spec")),
  accepted("6.2.3", "never indexed, a name of the static table, Huffman", bytes(`10 ${userAgent} ${h2spec}`)),
  accepted("6.2.3", "never indexed, a new name", neverIndexed("x-test", "h2spec")),
  accepted("6.2.3", "never indexed, a new name, Huffman", bytes(`10 ${xTest} ${h2spec}`)),
  { section: "6.3", title: "a table size update", steps: [send(headers(1, Buffer.concat([tableSize(128), get]))), responseHeaders(1)] },
  {
    section: "6.3",
    title: "a table size update above SETTINGS_HEADER_TABLE_SIZE",
    steps: [
      sendBy((settings) => headers(1, Buffer.concat([tableSize((settings.get(setting.headerTableSize) ?? 0) + 1), get]))),
      connectionError(code.compressionError),
    ],
  },
];
