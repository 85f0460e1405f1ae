// What the parts of a message are, as its JSON has them.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { fieldOf, hasJsonForm } from "./check.ts";

export type Part =
  | { readonly kind: "message"; readonly message: DescMessage }
  /** A list or a map. */
  | { readonly kind: "many"; readonly each: Part | undefined }
  | { readonly kind: "bytes" };

const bytes: Part = { kind: "bytes" };

/** `undefined` for messages whose JSON has no members of theirs. */
export function messagePart(message: DescMessage): Part | undefined {
  if (message.typeName === "google.protobuf.BytesValue") return bytes;
  return hasJsonForm(message) ? undefined : { kind: "message", message };
}

/** A member of a part: a field, an item or a value. `undefined` if it is none of the parts above. */
export function memberPart(part: Part | undefined, key: string): Part | undefined {
  if (part?.kind === "many") return part.each;
  const field = part?.kind === "message" ? fieldOf(part.message, key) : undefined;
  if (field === undefined) return undefined;
  const each = elementPart(field);
  return field.fieldKind === "list" || field.fieldKind === "map" ? { kind: "many", each } : each;
}

function elementPart({ message, scalar }: DescField): Part | undefined {
  if (message !== undefined) return messagePart(message);
  return scalar === ScalarType.BYTES ? bytes : undefined;
}
