// How Go prints a message: protobuf-go's text format on one line. (Its `String()` puts a second space between fields in some
// builds, to keep people from parsing it; here it is always one.)
import { isUtf8 } from "node:buffer";
import { type DescEnum, type DescField, type DescMessage, type MessageShape, ScalarType } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { shortestFloat32 } from "@grpc-study/codec/float32";

/** What `fmt.Println(message)` prints: `user_id:1 user_score:81`. Fields that are not set are left out. */
export function goText<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): string {
  return messageText(reflect(schema, message));
}

/** What `fmt.Println(messages)` prints of a slice of messages: `[prod_stock:721 prod_stock:666]`. */
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

/** The kinds of value that a field, an item of a list and a value of a map have in common. */
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

/** C0 and DEL are one byte and written as such; C1 are two in UTF-8 and written as a code point. */
function escapeControl(code: number): string {
  return code < 0x80 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
}

/** Bytes are quoted like a string if they could be one; otherwise each byte beyond ASCII stands for itself. */
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

/** Go's `%g` with the shortest precision: with an exponent, of at least two digits, from 1e+06 on and below 1e-04. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const [, mantissa, sign, power = ""] = /^(.*)e([+-])(\d+)$/.exec(value.toExponential()) ?? [];
  const small = sign === "-" ? Number(power) <= 4 : Number(power) < 6;
  return small ? String(value) : `${mantissa}e${sign}${power.padStart(2, "0")}`;
}
