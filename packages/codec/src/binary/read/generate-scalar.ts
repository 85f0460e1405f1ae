// Code of generated readers for tags, lengths and scalars. `generateRead` lists the variables.
import { ScalarType } from "@bufbuild/protobuf";
import { Wire } from "../wire.ts";

/**
 * The byte lengths between which a packed list is read in one go. Shorter ones gain nothing, and V8
 * would make longer ones sparse.
 */
const [fewPacked, manyPacked] = [32, 1 << 22];

/** Reads a packed list of `l` bytes that ends at `last`. */
export function readPacked(type: ScalarType, one: string, longAsString: boolean): string {
  const singly = `while (p < last) { ${one} }`;
  const fixed = fixedWidth(type);
  if (fixed !== undefined && !longAsString) {
    return `if (l >= ${fewPacked} && l <= ${manyPacked} && l % ${fixed.width} === 0) {
      const view = numbersView();
      let count = list.length;
      list.length = count + l / ${fixed.width};
      for (let at = b.byteOffset + p, end = at + l; at < end; at += ${fixed.width}) list[count++] = view.${fixed.get}(at, true);
      p = last;
    } else ${singly}`;
  }
  switch (type) {
    case ScalarType.INT32:
      return "p = int32s(list, p, last, false);";
    case ScalarType.SINT32:
      return "p = int32s(list, p, last, true);";
    default:
      return singly;
  }
}

/**
 * Returns the width of a fixed-width type and its DataView getter, or `undefined` for other types.
 */
function fixedWidth(type: ScalarType): { width: number; get: string } | undefined {
  switch (type) {
    case ScalarType.FLOAT:
      return { width: 4, get: "getFloat32" };
    case ScalarType.DOUBLE:
      return { width: 8, get: "getFloat64" };
    case ScalarType.FIXED32:
      return { width: 4, get: "getUint32" };
    case ScalarType.SFIXED32:
      return { width: 4, get: "getInt32" };
    case ScalarType.FIXED64:
      return { width: 8, get: "getBigUint64" };
    case ScalarType.SFIXED64:
      return { width: 8, get: "getBigInt64" };
    default:
      return undefined;
  }
}

export function zeroOf(type: ScalarType): string {
  switch (type) {
    case ScalarType.STRING:
      return '""';
    case ScalarType.BOOL:
      return "false";
    case ScalarType.BYTES:
      return "new Uint8Array(0)";
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return "0n";
    default:
      return "0";
  }
}

/** Reads a tag into `t`. Requires a byte at `p`. */
export const readTag = `t = b[p++];
  if (t > 0x7f) { t = tag(p - 1); p = input.at; }
  if (t < 8 || (t & 7) > ${Wire.bit32}) reject();`;

/**
 * Reads a 32-bit varint into `name`. A missing byte is `undefined`, which compares as not less than
 * 0x80.
 */
const readUint32 = (name: string) => `${name} = b[p++];
  if (!(${name} < 0x80)) {
    if (p < length && b[p] < 0x80) ${name} = ${name} & 0x7f | b[p++] << 7;
    else { ${name} = uint32(p - 1); p = input.at; }
  }`;

/** Reads a length and declares `name` as the end of the value. */
export const readEnd = (name: string) => `${readUint32("l")} const ${name} = p + l; if (${name} > length) reject();`;

/** Reads a value of a scalar type into `v`. */
export function readScalar(type: ScalarType, utf8Validation = false, longAsString = false): string {
  const text = longAsString ? "Text" : "";
  switch (type) {
    case ScalarType.STRING:
      return `${readUint32("l")} if (p + l > length) reject(); v = l === 0 ? "" : ${utf8Validation ? "strictText" : "looseText"}(p, l); p += l;`;
    case ScalarType.BYTES:
      return `${readUint32("l")} if (p + l > length) reject(); v = view(p, p + l); p += l;`;
    case ScalarType.BOOL:
      return "v = b[p++]; if (v < 0x80) v = v !== 0; else { v = bool(p - 1); p = input.at; }";
    case ScalarType.INT32:
      return `${readUint32("v")} v |= 0;`;
    case ScalarType.UINT32:
      return readUint32("v");
    case ScalarType.SINT32:
      return `${readUint32("v")} v = (v >>> 1) ^ -(v & 1);`;
    case ScalarType.FIXED32:
      return "if (p + 4 > length) reject(); v = (b[p] | b[p + 1] << 8 | b[p + 2] << 16 | b[p + 3] << 24) >>> 0; p += 4;";
    case ScalarType.SFIXED32:
      return "if (p + 4 > length) reject(); v = b[p] | b[p + 1] << 8 | b[p + 2] << 16 | b[p + 3] << 24; p += 4;";
    case ScalarType.FLOAT:
      return "if (p + 4 > length) reject(); v = float(p); p += 4;";
    case ScalarType.DOUBLE:
      return "if (p + 8 > length) reject(); v = double(p); p += 8;";
    case ScalarType.INT64:
      return `v = b[p]; if (v < 0x80) { v = small${text}[v]; p++; } else { v = int64${text}(p); p = input.at; }`;
    case ScalarType.UINT64:
      return `v = b[p]; if (v < 0x80) { v = small${text}[v]; p++; } else { v = uint64${text}(p); p = input.at; }`;
    case ScalarType.SINT64:
      return `v = b[p]; if (v < 0x80) { v = smallZigzag${text}[v]; p++; } else { v = sint64${text}(p); p = input.at; }`;
    case ScalarType.FIXED64:
      return `v = fixed64${text}(p); p += 8;`;
    case ScalarType.SFIXED64:
      return `v = sfixed64${text}(p); p += 8;`;
  }
}
