// What can be written at a place of a request: the names of fields, and values.
import { type DescField, type DescMessage, type Registry, ScalarType } from "@bufbuild/protobuf";
import type { Place } from "../json/place.ts";
import { hasJsonForm } from "./check.ts";
import { commentOf } from "./comments.ts";
import { scalarKind, typeName } from "./scalars.ts";
import { isAny, messageOf, type Slot, scalarOf, typeOf, within } from "./slots.ts";

/** A choice. */
export interface Choice {
  readonly kind: "field" | "enum" | "value" | "type";
  readonly label: string;
  /** Its type. */
  readonly detail: string;
  /** Its comment. */
  readonly comment: string;
  /** What is written before the cursor, and after it. */
  readonly before: string;
  readonly after: string;
}

/** The choices that contain the text: first those that begin with it, then those with a word that does. */
export function matching(choices: readonly Choice[], text: string): readonly Choice[] {
  const wanted = text.toLowerCase();
  const rank = ({ label }: Choice) => {
    const at = label.toLowerCase().indexOf(wanted);
    if (at <= 0) return at < 0 ? undefined : 0;
    const isWord = /[^A-Za-z0-9]/.test(label[at - 1] ?? "") || /[A-Z]/.test(label[at] ?? "");
    return isWord ? 1 : 2;
  };
  return [0, 1, 2].flatMap((wantedRank) => choices.filter((choice) => rank(choice) === wantedRank));
}

/** The choices at a place. */
export function choicesAt(message: DescMessage, place: Place, registry: Registry): readonly Choice[] {
  let slot: Slot | undefined = { message };
  for (const [depth, part] of place.path.entries()) {
    if (part === "@type" && place.kind === "value" && isAny(slot && messageOf(slot))) return typeChoices(registry);
    slot = slot && within(slot, part, place.types[depth], registry);
  }
  if (slot === undefined) return [];
  const choices = place.kind === "key" ? keyChoices(slot, place, registry) : valueChoices(slot);
  return place.quoted ? choices.filter(({ before }) => before.startsWith('"')) : choices;
}

function keyChoices(slot: Slot, { keys, types, path, prefix }: Place, registry: Registry): Choice[] {
  const key = (name: string, detail: string, comment = ""): Choice => ({
    kind: "field",
    label: name,
    detail,
    comment,
    before: JSON.stringify(name),
    after: "",
  });
  if ("field" in slot && slot.field.fieldKind === "map") {
    return slot.field.mapKey === ScalarType.BOOL
      ? ["true", "false"].filter((name) => !keys.has(name)).map((name) => key(name, "bool"))
      : [];
  }
  let message = messageOf(slot);
  const choices: Choice[] = [];
  if (isAny(message)) {
    if (!keys.has("@type")) choices.push(key("@type", "google.protobuf.Any"));
    message = typeOf(types[path.length], registry);
    if (message !== undefined && hasJsonForm(message)) return [...choices, ...(keys.has("value") ? [] : [key("value", message.typeName)])];
  }
  if (message === undefined || hasJsonForm(message)) return choices;
  const isSet = ({ jsonName, name }: DescField) => keys.has(jsonName) || keys.has(name);
  for (const field of message.fields) {
    if (isSet(field) || field.oneof?.fields.some(isSet)) continue;
    // The names of the .proto for a reader who writes these.
    const name = prefix.includes("_") ? field.name : field.jsonName;
    choices.push(key(name, field.oneof === undefined ? typeName(field) : `${field.oneof.name}: ${typeName(field)}`, commentOf(field)));
  }
  return choices;
}

function valueChoices(slot: Slot): Choice[] {
  const value = (before: string, after = "", detail = ""): Choice => ({
    kind: "value",
    label: before + after,
    detail,
    comment: "",
    before,
    after,
  });
  const field = "field" in slot ? slot.field : "element" in slot ? slot.element : undefined;
  if ("field" in slot && slot.field.fieldKind === "list") return [value("[", "]", typeName(slot.field))];
  if ("field" in slot && slot.field.fieldKind === "map") return [value("{", "}", typeName(slot.field))];
  const message = messageOf(slot);
  if (message === undefined && field?.enum !== undefined) {
    if (field.enum.typeName === "google.protobuf.NullValue") return [value("null")];
    return field.enum.values.map((one) => ({
      kind: "enum",
      label: one.name,
      detail: String(one.number),
      comment: commentOf(one),
      before: JSON.stringify(one.name),
      after: "",
    }));
  }
  const scalar = scalarOf(slot);
  if (scalar !== undefined) {
    switch (scalarKind(scalar)) {
      case "bool":
        return [value("true"), value("false")];
      case "string":
        return [value('"', '"', "string")];
      case "bytes":
        return [value('"', '"', "base64")];
      default:
        return [];
    }
  }
  switch (message?.typeName) {
    case undefined:
    case "google.protobuf.Value":
      return [];
    case "google.protobuf.Timestamp":
      return [value(JSON.stringify(new Date().toISOString()), "", message?.typeName)];
    case "google.protobuf.Duration":
      return [value('"1s"', "", message?.typeName)];
    case "google.protobuf.FieldMask":
      return [value('"', '"', message?.typeName)];
    case "google.protobuf.ListValue":
      return [value("[", "]", message?.typeName)];
    default:
      return [value("{", "}", message?.typeName)];
  }
}

/** The types that an Any can have. */
function typeChoices(registry: Registry): Choice[] {
  return [...registry]
    .filter((desc) => desc.kind === "message")
    .map((desc) => ({
      kind: "type",
      label: desc.typeName,
      detail: "",
      comment: commentOf(desc),
      before: JSON.stringify(`type.googleapis.com/${desc.typeName}`),
      after: "",
    }));
}
