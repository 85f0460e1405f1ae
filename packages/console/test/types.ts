// Types for tests: a message with each kind of field, and a service with comments.
import { create, createFileRegistry, type DescMessage, type FileRegistry, fromJson, type JsonValue } from "@bufbuild/protobuf";
import {
  AnySchema,
  DurationSchema,
  FieldMaskSchema,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
  StringValueSchema,
  StructSchema,
  TimestampSchema,
} from "@bufbuild/protobuf/wkt";

const scalars = [
  "DOUBLE",
  "FLOAT",
  "INT64",
  "UINT64",
  "INT32",
  "FIXED64",
  "FIXED32",
  "BOOL",
  "STRING",
  "BYTES",
  "UINT32",
  "SFIXED32",
  "SFIXED64",
  "SINT32",
  "SINT64",
];

const field = (name: string, number: number, more: { readonly [key: string]: JsonValue }) => ({
  name,
  jsonName: name.replace(/_(.)/g, (_all, next: string) => next.toUpperCase()),
  number,
  label: "LABEL_OPTIONAL",
  ...more,
});

const message = (name: string, number: number, typeName: string, more: { readonly [key: string]: JsonValue } = {}) =>
  field(name, number, { type: "TYPE_MESSAGE", typeName, ...more });

const all = {
  name: "All",
  field: [
    ...scalars.map((type, index) => field(`${type.toLowerCase()}_value`, index + 1, { type: `TYPE_${type}` })),
    field("colour", 20, { type: "TYPE_ENUM", typeName: ".t.Colour" }),
    message("child", 21, ".t.All"),
    field("names", 22, { type: "TYPE_STRING", label: "LABEL_REPEATED" }),
    message("children", 23, ".t.All", { label: "LABEL_REPEATED" }),
    message("counts", 24, ".t.All.CountsEntry", { label: "LABEL_REPEATED" }),
    field("text", 25, { type: "TYPE_STRING", oneofIndex: 0 }),
    message("other", 26, ".t.All", { oneofIndex: 0 }),
    message("time", 27, ".google.protobuf.Timestamp"),
    message("duration", 28, ".google.protobuf.Duration"),
    message("wrapped", 29, ".google.protobuf.StringValue"),
    message("mask", 30, ".google.protobuf.FieldMask"),
    message("struct", 31, ".google.protobuf.Struct"),
    message("any", 32, ".google.protobuf.Any"),
    message("value", 33, ".google.protobuf.Value"),
  ],
  nestedType: [
    {
      name: "CountsEntry",
      options: { mapEntry: true },
      field: [field("key", 1, { type: "TYPE_INT32" }), field("value", 2, { type: "TYPE_STRING" })],
    },
  ],
  oneofDecl: [{ name: "choice" }],
};

const method = (name: string, clientStreaming = false, serverStreaming = false) => ({
  name,
  inputType: ".t.All",
  outputType: ".t.All",
  clientStreaming,
  serverStreaming,
});

const file = {
  name: "t.proto",
  package: "t",
  syntax: "proto3",
  dependency: [TimestampSchema, DurationSchema, StringValueSchema, FieldMaskSchema, StructSchema, AnySchema].map(
    (schema) => schema.file.proto.name,
  ),
  messageType: [all],
  enumType: [
    {
      name: "Colour",
      value: [
        { name: "NONE", number: 0 },
        { name: "BLUE", number: 1 },
      ],
    },
  ],
  service: [
    { name: "Zoo", method: [method("List", false, true), method("Get")] },
    { name: "Ape", method: [method("Talk", true, true)] },
  ],
  sourceCodeInfo: {
    location: [
      { path: [6, 0], span: [0, 0, 0], leadingComments: " Animals of all kinds.\n buf:lint:ignore X\n" },
      { path: [6, 0, 2, 1], span: [0, 0, 0], leadingComments: " Finds one (-- internal --)animal.\n Quickly.\n" },
      { path: [4, 0, 2, 0], span: [0, 0, 0], trailingComments: " How much.\n" },
      { path: [5, 0, 2, 1], span: [0, 0, 0], leadingComments: " As the sky.\n" },
    ],
  },
};

const wellKnown = [TimestampSchema, DurationSchema, StringValueSchema, FieldMaskSchema, StructSchema, AnySchema].map(
  (schema) => schema.file.proto,
);

export const fileSet: FileDescriptorSet = create(FileDescriptorSetSchema, {
  file: [...wellKnown, ...fromJson(FileDescriptorSetSchema, { file: [file] }).file],
});

export const registry: FileRegistry = createFileRegistry(fileSet);

export const All = registry.getMessage("t.All") as DescMessage;
