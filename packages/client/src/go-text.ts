// Formats messages as Go prints them: protobuf-go's text format on one line. In some builds, its
// `String()` puts two spaces between fields, to discourage parsing; this module always puts one.
import { isUtf8 } from "node:buffer";
import { type DescEnum, type DescField, type DescMessage, type MessageShape, ScalarType } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { shortestFloat32 } from "@grpc-study/codec/float32";

/** Formats as `fmt.Println(message)`: `user_id:1 user_score:81`. Unset fields are omitted. */
export function goText<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): string {
  return messageText(reflect(schema, message));
}

/** Formats a slice as `fmt.Println(messages)`: `[prod_stock:721 prod_stock:666]`. */
export function goSlice<Desc extends DescMessage>(schema: Desc, messages: readonly MessageShape<Desc>[]): string {
  return `[${messages.map((message) => goText(schema, message)).join(" ")}]`;
}

function messageText(message: ReflectMessage): string {
  return message.fields
    .filter((field) => message.isSet(field))
    .flatMap((field) => fieldText(message, field))
    .join(" ");
}

function fieldText(message: ReflectMessage, field: DescField): string[] {
  switch (field.fieldKind) {
    case "list":
      return Array.from(message.get(field), (item) => `${field.name}:${valueText(field, item)}`);
    case "map":
      return Array.from(message.get(field))
        .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1))
        .map(([key, value]) => `${field.name}:{key:${scalarText(field.mapKey, key)} value:${valueText(field, value)}}`);
    default:
      return [`${field.name}:${valueText(field, message.get(field))}`];
  }
}

/** The type of a field, of a list item, or of a map value. */
interface ValueType {
  readonly scalar: ScalarType | undefined;
  readonly enum: DescEnum | undefined;
}

function valueText(type: ValueType, value: unknown): string {
  if (type.enum !== undefined) return type.enum.value[value as number]?.name ?? String(value);
  if (type.scalar !== undefined) return scalarText(type.scalar, value);
  return `{${messageText(value as ReflectMessage)}}`;
}

function scalarText(type: ScalarType, value: unknown): string {
  switch (type) {
    case ScalarType.STRING:
      return quote(value as string);
    case ScalarType.BYTES:
      return quoteBytes(value as Uint8Array);
    case ScalarType.FLOAT:
      return floatText(shortestFloat32(Math.fround(value as number)));
    case ScalarType.DOUBLE:
      return floatText(value as number);
    default:
      return String(value);
  }
}

const escapes: Readonly<Record<string, string>> = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function quote(text: string): string {
  const escaped = text.replace(/["\\\p{Cc}]/gu, (char) => escapes[char] ?? escapeControl(char.charCodeAt(0)));
  return `"${escaped}"`;
}

/** C0 and DEL are one byte in UTF-8 and become `\x..`; C1 are two bytes and become `\u....`. */
function escapeControl(code: number): string {
  return code < 0x80 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
}

/** Quotes valid UTF-8 like a string. Otherwise escapes each byte outside ASCII. */
function quoteBytes(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return quote(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  return `"${Array.from(bytes, byteText).join("")}"`;
}

function byteText(byte: number): string {
  return byte < 0x80 ? quote(String.fromCharCode(byte)).slice(1, -1) : `\\x${hex(byte, 2)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

/**
 * Go's `%g` with the shortest precision: from 1e+06 on and below 1e-04, with an exponent of at
 * least two digits.
 */
function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const [, mantissa, sign, power = ""] = /^(.*)e([+-])(\d+)$/.exec(value.toExponential()) ?? [];
  const small = sign === "-" ? Number(power) <= 4 : Number(power) < 6;
  return small ? String(value) : `${mantissa}e${sign}${power.padStart(2, "0")}`;
}
