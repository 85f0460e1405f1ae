// What stands at each place of a message in JSON, by the types of the message.
import type { DescField, DescMessage, Registry, ScalarType } from "@bufbuild/protobuf";
import { fieldOf, hasJsonForm } from "./check.ts";
import { wrapped } from "./scalars.ts";

/** What a value is: a message, a whole field, or an element of a list or a map. */
export type Slot = { readonly message: DescMessage } | { readonly field: DescField } | { readonly element: DescField };

export function messageOf(slot: Slot): DescMessage | undefined {
  if ("message" in slot) return slot.message;
  if ("element" in slot) return slot.element.message;
  return slot.field.fieldKind === "message" ? slot.field.message : undefined;
}

export function isAny(message: DescMessage | undefined): boolean {
  return message?.typeName === "google.protobuf.Any";
}

export function typeOf(url: string | undefined, registry: Registry): DescMessage | undefined {
  return url === undefined ? undefined : registry.getMessage(url.slice(url.lastIndexOf("/") + 1));
}

/**
 * The slot of a member of a slot. `undefined` if the types have no such member.
 *
 * @param type `@type` of the value in the slot, which an Any has.
 */
export function within(slot: Slot, part: string | number, type: string | undefined, registry: Registry): Slot | undefined {
  if ("field" in slot && (slot.field.fieldKind === "list" || slot.field.fieldKind === "map")) {
    return (slot.field.fieldKind === "list") === (typeof part === "number") ? { element: slot.field } : undefined;
  }
  let message = messageOf(slot);
  if (isAny(message)) {
    message = typeOf(type, registry);
    if (message !== undefined && hasJsonForm(message)) return part === "value" ? { message } : undefined;
  }
  if (message === undefined || hasJsonForm(message)) return undefined;
  const field = fieldOf(message, String(part));
  return field && { field };
}

/** The scalar of a slot, also in a wrapper. `undefined` for anything else. */
export function scalarOf(slot: Slot): ScalarType | undefined {
  const message = messageOf(slot);
  if (message !== undefined) return wrapped(message)?.scalar;
  if ("element" in slot) return slot.element.scalar;
  return "field" in slot && slot.field.fieldKind === "scalar" ? slot.field.scalar : undefined;
}
