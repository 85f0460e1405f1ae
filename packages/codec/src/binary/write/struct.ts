// Writes a JSON object as a google.protobuf.Struct.
import { giveUp, grow, output, seal } from "./output.ts";
import { text, double as writeDouble } from "./value.ts";

type Json = Record<string, unknown>;

/** Room for the fixed part of an entry or item: tags, and lengths of up to five bytes. */
const fixedRoom = 32;

function room(at: number): Buffer {
  return at + fixedRoom > output.bytes.length ? grow(at, fixedRoom) : output.bytes;
}

/** Writes a JSON object as the entries of a Struct. */
export function writeStruct(json: Json, at: number): number {
  let p = at;
  const keys = Object.keys(json);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    room(p)[p] = 0x0a;
    const entry = p + 1;
    output.bytes[entry + 1] = 0x0a;
    p = text(key, entry + 2, fixedRoom);
    output.bytes[p] = 0x12;
    p = seal(entry, 1, writeValue(json[key], p + 1));
  }
  return p;
}

/** Writes a Value with its length. */
function writeValue(json: unknown, start: number): number {
  let p = start + 1;
  const bytes = room(p);
  switch (typeof json) {
    case "number":
      bytes[start] = 9;
      bytes[p] = 0x11;
      return writeDouble(json, p + 1);
    case "string":
      bytes[p] = 0x1a;
      return seal(start, 1, text(json, p + 1, fixedRoom));
    case "boolean":
      bytes[start] = 2;
      bytes[p++] = 0x20;
      bytes[p++] = json ? 1 : 0;
      return p;
    case "object":
      if (json === null) {
        bytes[start] = 2;
        bytes[p++] = 0x08;
        bytes[p++] = 0;
        return p;
      }
      if (Array.isArray(json)) {
        bytes[p] = 0x32;
        return seal(start, 1, seal(p + 1, 1, writeList(json, p + 2)));
      }
      bytes[p] = 0x2a;
      return seal(start, 1, seal(p + 1, 1, writeStruct(json as Json, p + 2)));
    default:
      return giveUp();
  }
}

function writeList(list: readonly unknown[], at: number): number {
  let p = at;
  for (let i = 0; i < list.length; i++) {
    room(p)[p] = 0x0a;
    p = writeValue(list[i], p + 1);
  }
  return p;
}
