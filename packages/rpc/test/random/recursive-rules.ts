// Random recursive message types with buf.validate rules, and messages of them: valid, or with one
// violation at a known path.

import type { MessageInitShape } from "@bufbuild/protobuf";
import { create, createFileRegistry, type DescField, type DescMessage, type Message, setExtension } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  MessageOptionsSchema,
  OneofDescriptorProtoSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import {
  type FieldRules,
  FieldRulesSchema,
  field as fieldOption,
  MessageRulesSchema,
  message as messageOption,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import type { Random } from "./random.ts";

type Rules = MessageInitShape<typeof FieldRulesSchema>;

/**
 * Returns one to six types. Each has the fields `number` (greater than 0), `text` (not empty),
 * `left` and `right` (sometimes not both 13), and fields of these types.
 */
export function randomRecursiveTypes(random: Random): DescMessage[] {
  const count = 1 + random.int(6);
  const names = Array.from({ length: count }, (_, index) => `M${index}`);
  const messageType = names.map((name) => {
    const message = create(DescriptorProtoSchema, {
      name,
      field: [
        withRules(field("number", 1, Type.INT32), { type: { case: "int32", value: { greaterThan: { case: "gt", value: 0 } } } }),
        withRules(field("text", 2, Type.STRING), { type: { case: "string", value: { minLen: 1n } } }),
        field("left", 3, Type.INT32),
        field("right", 4, Type.INT32),
      ],
    });
    if (random.chance(0.5)) {
      const cel = [{ id: "unlucky", message: "must not be 13 on both sides", expression: "this.left != 13 || this.right != 13" }];
      message.options = create(MessageOptionsSchema);
      setExtension(message.options, messageOption, create(MessageRulesSchema, { cel }));
    }
    for (let index = random.int(5); index > 0; index--) addField(random, message, index + 4, random.pick(names));
    return message;
  });
  const file = create(FileDescriptorProtoSchema, { name: "rules.proto", package: "r", syntax: "proto3", messageType });
  return createFileRegistry(file, () => undefined).getFile("rules.proto")?.messages ?? [];
}

function field(name: string, number: number, type: Type): FieldDescriptorProto {
  return create(FieldDescriptorProtoSchema, { name, jsonName: name, number, type, label: Label.OPTIONAL });
}

function withRules(to: FieldDescriptorProto, rules: Rules): FieldDescriptorProto {
  to.options ??= create(FieldOptionsSchema);
  setExtension(to.options, fieldOption, create(FieldRulesSchema, rules) as FieldRules);
  return to;
}

function addField(random: Random, message: DescriptorProto, number: number, type: string): void {
  const added = field(`f${number}`, number, Type.MESSAGE);
  added.typeName = `.r.${type}`;
  message.field.push(added);
  const kind = random.int(5);
  if (kind === 0) {
    added.label = Label.REPEATED;
    if (random.chance(0.3)) withRules(added, { type: { case: "repeated", value: { maxItems: 50n } } });
  } else if (kind === 1) {
    const value = create(FieldDescriptorProtoSchema, { ...field("value", 2, Type.MESSAGE), typeName: added.typeName });
    const entry = `F${number}Entry`;
    const key = field("key", 1, random.pick([Type.STRING, Type.INT32, Type.INT64, Type.BOOL]));
    message.nestedType.push(create(DescriptorProtoSchema, { name: entry, field: [key, value], options: { mapEntry: true } }));
    Object.assign(added, { label: Label.REPEATED, typeName: `.r.${message.name}.${entry}` });
  } else if (kind === 2) {
    if (message.oneofDecl.length === 0) message.oneofDecl.push(create(OneofDescriptorProtoSchema, { name: "one" }));
    added.oneofIndex = 0;
  } else if (random.chance(0.3)) {
    // An expression that reads the fields of a nested message.
    withRules(added, { cel: [{ id: "even", message: "must not be 26", expression: "this.left != 26" }] });
  }
}

export interface Made {
  readonly message: Message;
  /** The path of the message in errors. */
  readonly path: string;
  readonly depth: number;
  readonly schema: DescMessage;
}

/** Returns a valid message and all messages nested in it, starting with the message itself. */
export function randomValid(random: Random, schema: DescMessage, depth: number, path = "", level = 0): Made[] {
  const init: Record<string, unknown> = { number: 1 + random.int(9), text: "x", left: random.int(20), right: 0 };
  const message = create(schema, init as never);
  const made: Made[] = [{ message, path, depth: level, schema }];
  if (depth === 0) return made;
  const target = message as Message & Record<string, unknown>;
  for (const each of schema.fields) {
    const { message: type } = each;
    if (type === undefined || made.length > 200 || random.chance(0.2)) continue;
    const below = (to: string) => {
      const inner = randomValid(random, type, depth - 1, `${path}${path === "" ? "" : "."}${each.name}${to}`, level + 1);
      made.push(...inner);
      return inner[0]?.message as Message;
    };
    if (each.fieldKind === "list") target[each.localName] = Array.from({ length: 1 + random.int(2) }, (_, index) => below(`[${index}]`));
    else if (each.fieldKind === "map") {
      const key = keyOf(random, each);
      target[each.localName] = { [key.name]: below(`[${key.shown}]`) };
    } else if (each.oneof === undefined) target[each.localName] = below("");
    else if ((target["one"] as { case?: string }).case === undefined) target["one"] = { case: each.localName, value: below("") };
  }
  return made;
}

function keyOf(random: Random, { mapKey }: DescField & { fieldKind: "map" }): { name: string; shown: string } {
  if (mapKey === (Type.STRING as number)) return { name: "k", shown: '"k"' };
  const name = mapKey === (Type.BOOL as number) ? random.pick(["true", "false"]) : String(random.int(9));
  return { name, shown: name };
}

/** Violates one rule of a message. Returns the path that the error must contain. */
export function breakRule(random: Random, { message, path, schema }: Made): string {
  const target = message as Message & Record<string, unknown>;
  const at = (name: string) => `${path}${path === "" ? "" : "."}${name}`;
  const kind = random.int(schema.proto.options === undefined ? 2 : 3);
  if (kind === 0) target["number"] = -1;
  else if (kind === 1) target["text"] = "";
  else Object.assign(target, { left: 13, right: 13 });
  return kind === 0 ? at("number") : kind === 1 ? at("text") : path;
}
