// Reads a google.protobuf.Struct. protobuf-es represents a field of this type as a JSON object, so
// this code builds the object without intermediate Struct, Value and ListValue messages.
import { depthLimit } from "../../shape/depth.ts";
import { setOwn } from "../../shape/object.ts";
import { input, bool as readBool, double as readDouble, reject, skip, tag, uint32 } from "./input.ts";
import { strictText } from "./text.ts";

type Json = Record<string, unknown>;

function readTag(at: number): number {
  const tagged = tag(at);
  if (tagged < 8 || (tagged & 7) > 5) reject();
  return tagged;
}

/** Reads a length. Returns the end of the value. */
function readEnd(at: number): number {
  const length = uint32(at);
  const end = input.at + length;
  if (end > input.length) reject();
  return end;
}

/** Reads a Struct into an object, which may already have entries. Returns the position after it. */
export function readStruct(json: Json, at: number, end: number, depth: number): number {
  if (depth > depthLimit) reject();
  let p = at;
  while (p < end) {
    const tagged = readTag(p);
    p = input.at;
    if (tagged >>> 3 !== 1) {
      p = skip(tagged, p, depth);
      continue;
    }
    const entryEnd = readEnd(p);
    p = input.at;
    let key = "";
    let value: unknown;
    while (p < entryEnd) {
      const part = readTag(p);
      p = input.at;
      if (part >>> 3 === 1) {
        const keyEnd = readEnd(p);
        key = strictText(input.at, keyEnd - input.at);
        p = keyEnd;
      } else if (part >>> 3 === 2) {
        const valueEnd = readEnd(p);
        value = readValue(value, input.at, valueEnd, depth + 1);
        p = input.at;
      } else p = skip(part, p, depth);
    }
    setOwn<unknown>(json, key, value ?? null);
  }
  return p;
}

/**
 * Reads a Value and merges it into `before` if both have the same kind. Stores the position after
 * it in `input.at`.
 */
function readValue(before: unknown, at: number, end: number, depth: number): unknown {
  if (depth > depthLimit) reject();
  let value = before ?? null;
  let p = at;
  while (p < end) {
    const tagged = readTag(p);
    p = input.at;
    switch (tagged >>> 3) {
      case 1:
        uint32(p);
        p = input.at;
        value = null;
        break;
      case 2:
        if (p + 8 > input.length) reject();
        value = readDouble(p);
        p += 8;
        break;
      case 3: {
        const textEnd = readEnd(p);
        value = strictText(input.at, textEnd - input.at);
        p = textEnd;
        break;
      }
      case 4:
        value = readBool(p);
        p = input.at;
        break;
      case 5: {
        const structEnd = readEnd(p);
        const json = (typeof value === "object" && !Array.isArray(value) && value) || {};
        p = readStruct(json as Json, input.at, structEnd, depth + 1);
        value = json;
        break;
      }
      case 6: {
        const listEnd = readEnd(p);
        const list: unknown[] = Array.isArray(value) ? value : [];
        p = readList(list, input.at, listEnd, depth + 1);
        value = list;
        break;
      }
      default:
        p = skip(tagged, p, depth);
    }
  }
  input.at = p;
  return value;
}

function readList(list: unknown[], at: number, end: number, depth: number): number {
  if (depth > depthLimit) reject();
  let p = at;
  while (p < end) {
    const tagged = readTag(p);
    p = input.at;
    if (tagged >>> 3 === 1) {
      const valueEnd = readEnd(p);
      list.push(readValue(undefined, input.at, valueEnd, depth + 1));
      p = input.at;
    } else p = skip(tagged, p, depth);
  }
  return p;
}
