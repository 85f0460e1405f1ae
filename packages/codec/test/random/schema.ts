// Generates random message types: files of proto2, proto3 and editions with every kind of field.
import { create, createFileRegistry, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  Edition,
  EnumDescriptorProtoSchema,
  FeatureSet_EnumType,
  FeatureSet_FieldPresence,
  FeatureSet_MessageEncoding,
  FeatureSet_RepeatedFieldEncoding,
  FeatureSet_Utf8Validation,
  FeatureSetSchema,
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  FieldOptions_JSType,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  FieldDescriptorProto_Label as Label,
  OneofDescriptorProtoSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import type { Random } from "./random.ts";

const imports = [file_google_protobuf_any, file_google_protobuf_struct, file_google_protobuf_timestamp, file_google_protobuf_wrappers];

const wellKnown = [
  ...["Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes"].map((name) => `${name}Value`),
  "Struct",
  "Struct",
  "Value",
  "ListValue",
  "Timestamp",
  "Any",
].map((name) => `.google.protobuf.${name}`);

const scalarTypes = Object.values(ScalarType).filter((type): type is ScalarType => typeof type === "number");
const keyTypes = scalarTypes.filter((type) => ![ScalarType.FLOAT, ScalarType.DOUBLE, ScalarType.BYTES].includes(type));
const is64 = (type: number) => [Type.INT64, Type.UINT64, Type.SINT64, Type.FIXED64, Type.SFIXED64].includes(type);
const packable = (type: number) => ![Type.STRING, Type.BYTES, Type.MESSAGE, Type.GROUP].includes(type);

const numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 100, 2047, 2048, 19999, 262143, 262144, 33554432, 536870911];

/** Returns the messages of a random file. */
export function randomSchemas(random: Random): DescMessage[] {
  const syntax = random.pick(["proto2", "proto3", "editions"] as const);
  const enums = Array.from({ length: 1 + random.int(2) }, (_, i) => randomEnum(random, syntax, i));
  const messages = Array.from({ length: 1 + random.int(4) }, (_, i) => create(DescriptorProtoSchema, { name: `M${i}` }));
  const context: FileContext = {
    random,
    syntax,
    enums: enums.map(({ name }) => `.r.${name}`),
    messages: [...messages.map(({ name }) => `.r.${name}`), ...messages.map(({ name }) => `.r.${name}`), ...wellKnown],
    // A proto3 message cannot have fields of a closed enum. The file's syntax decides whether an
    // enum is closed.
    implicitEnums: enums.filter((e) => e.value[0]?.number === 0).map(({ name }) => `.r.${name}`),
  };
  for (const message of messages) addFields(context, message);
  const file = create(FileDescriptorProtoSchema, {
    name: "r.proto",
    package: "r",
    syntax,
    dependency: imports.map(({ proto }) => proto.name),
    messageType: messages,
    enumType: enums,
    ...(syntax === "editions" ? { edition: random.pick([Edition.EDITION_2023, Edition.EDITION_2024]) } : {}),
  });
  const registry = createFileRegistry(file, (name) => imports.find(({ proto }) => proto.name === name));
  return registry.getFile("r.proto")?.messages ?? [];
}

interface FileContext {
  random: Random;
  syntax: "proto2" | "proto3" | "editions";
  enums: string[];
  implicitEnums: string[];
  messages: string[];
}

function randomEnum(random: Random, syntax: string, index: number) {
  const closed = syntax === "editions" && random.chance(0.5);
  const open = syntax === "proto3" || (syntax === "editions" && !closed);
  const count = 1 + random.int(random.chance(0.1) ? 20 : 4);
  const used = new Set<number>();
  for (let i = 0; used.size < count; i++) {
    used.add(i === 0 && open ? 0 : random.chance(0.3) ? random.bits() | 0 : random.int(30) - 5);
  }
  return create(EnumDescriptorProtoSchema, {
    name: `E${index}`,
    value: [...used].map((number, i) => ({ name: `E${index}_V${i}`, number })),
    ...(closed ? { options: { features: { enumType: FeatureSet_EnumType.CLOSED } } } : {}),
  });
}

function addFields(context: FileContext, message: DescriptorProto): void {
  const { random, syntax } = context;
  const free = [...numbers];
  const count = random.int(9);
  let oneof = -1;
  for (let i = 0; i < count; i++) {
    const number = free.splice(random.int(free.length), 1)[0] as number;
    const field = create(FieldDescriptorProtoSchema, { name: fieldName(random, i), number, label: Label.OPTIONAL });
    field.jsonName = field.name;
    setType(context, field);
    const kind = random.int(10);
    if (kind < 3) makeList(context, field);
    else if (kind < 5) makeMap(context, field, message);
    else if (kind < 7) {
      if (oneof === -1 || random.chance(0.3))
        oneof = message.oneofDecl.push(create(OneofDescriptorProtoSchema, { name: `o_${message.oneofDecl.length}` })) - 1;
      field.oneofIndex = oneof;
    } else makeSingular(context, field);
    message.field.push(field);
  }
  // Oneofs of proto3's optional fields come last.
  if (syntax === "proto3") {
    for (const field of message.field.filter((f) => f.proto3Optional)) {
      field.oneofIndex = message.oneofDecl.push(create(OneofDescriptorProtoSchema, { name: `_${field.name}` })) - 1;
    }
  }
}

function fieldName(random: Random, index: number): string {
  const odd = ["constructor", "to_string", "value_of", "to_json", "class", "case", "value", "length", "1st", "prototype"];
  // Names after the first get a number, because field names must be unique.
  return random.chance(0.9) ? `f_${index}` : index === 0 ? random.pick(odd) : `${random.pick(odd)}_${index}`;
}

function features(field: FieldDescriptorProto) {
  const options = optionsOf(field);
  options.features ??= create(FeatureSetSchema);
  return options.features;
}

function optionsOf(field: FieldDescriptorProto) {
  field.options ??= create(FieldOptionsSchema);
  return field.options;
}

function setType(context: FileContext, field: FieldDescriptorProto): void {
  const { random, syntax } = context;
  const kind = random.int(10);
  if (kind < 6) field.type = random.pick(scalarTypes) as number as Type;
  else if (kind < 7) {
    field.type = Type.ENUM;
    field.typeName = random.pick(context.enums);
  } else {
    field.typeName = random.pick(context.messages);
    // protobuf-es represents Struct and wrappers specially. The compiled codec leaves groups of
    // them to it.
    field.type = syntax === "proto2" && random.chance(0.3) ? Type.GROUP : Type.MESSAGE;
    if (syntax === "editions" && random.chance(0.3)) features(field).messageEncoding = FeatureSet_MessageEncoding.DELIMITED;
  }
  if (is64(field.type) && random.chance(0.3)) {
    optionsOf(field).jstype = FieldOptions_JSType.JS_STRING;
  }
  if (field.type === Type.STRING && syntax === "editions" && random.chance(0.3))
    features(field).utf8Validation = FeatureSet_Utf8Validation.NONE;
}

function makeList({ random, syntax }: FileContext, field: FieldDescriptorProto): void {
  field.label = Label.REPEATED;
  if (!packable(field.type) || random.chance(0.5)) return;
  if (syntax === "editions") features(field).repeatedFieldEncoding = FeatureSet_RepeatedFieldEncoding.EXPANDED;
  else optionsOf(field).packed = random.chance(0.5);
}

function makeMap({ random }: FileContext, field: FieldDescriptorProto, message: DescriptorProto): void {
  const entry = `Entry${field.number}`;
  const value = create(FieldDescriptorProtoSchema, {
    name: "value",
    jsonName: "value",
    number: 2,
    label: Label.OPTIONAL,
    type: field.type === Type.GROUP ? Type.MESSAGE : field.type,
    typeName: field.typeName,
  });
  const key = create(FieldDescriptorProtoSchema, {
    name: "key",
    jsonName: "key",
    number: 1,
    label: Label.OPTIONAL,
    type: random.pick(keyTypes) as number as Type,
  });
  message.nestedType.push(create(DescriptorProtoSchema, { name: entry, field: [key, value], options: { mapEntry: true } }));
  field.label = Label.REPEATED;
  field.type = Type.MESSAGE;
  field.typeName = `.r.${message.name}.${entry}`;
}

function makeSingular({ random, syntax, implicitEnums }: FileContext, field: FieldDescriptorProto): void {
  const isMessage = field.type === Type.MESSAGE || field.type === Type.GROUP;
  if (syntax === "proto3") {
    if (random.chance(0.4)) field.proto3Optional = true;
    return;
  }
  if (random.chance(0.08)) {
    if (syntax === "proto2") field.label = Label.REQUIRED;
    else features(field).fieldPresence = FeatureSet_FieldPresence.LEGACY_REQUIRED;
  } else if (syntax === "editions" && !isMessage && random.chance(0.4)) {
    if (field.type !== Type.ENUM || implicitEnums.includes(field.typeName)) {
      features(field).fieldPresence = FeatureSet_FieldPresence.IMPLICIT;
      return;
    }
  }
  if (!isMessage && field.type !== Type.ENUM && random.chance(0.4)) field.defaultValue = defaultOf(random, field.type);
}

function defaultOf(random: Random, type: Type): string {
  switch (type) {
    case Type.BOOL:
      return random.pick(["true", "false"]);
    case Type.STRING:
      return random.pick(['"];process.exit(1);//', "default", ""]);
    case Type.BYTES:
      return random.pick(["\\001\\377", "abc"]);
    case Type.FLOAT:
    case Type.DOUBLE:
      return random.pick(["nan", "inf", "-inf", "1.5", "-0"]);
    default:
      return random.pick(["1", "7", "100"]);
  }
}
