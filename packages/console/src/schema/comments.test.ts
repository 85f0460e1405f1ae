// The comments of elements of each kind, at each depth.
import { create, createFileRegistry } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { commentOf } from "./comments.ts";

const comment = (...path: number[]) => ({ path, leadingComments: ` at ${path.join(".")}\n` });

const registry = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: "a.proto",
    package: "a",
    syntax: "proto3",
    messageType: [
      { name: "First" },
      {
        name: "Outer",
        field: [{ name: "one", jsonName: "one", number: 1, type: 9, label: 1, oneofIndex: 0 }],
        oneofDecl: [{ name: "choice" }],
        nestedType: [{ name: "Inner", field: [{ name: "two", jsonName: "two", number: 1, type: 9, label: 1 }] }, { name: "Plain" }],
        enumType: [{ name: "Color", value: [{ name: "RED", number: 0 }] }],
      },
    ],
    enumType: [{ name: "Size", value: [{ name: "SMALL", number: 0 }] }],
    service: [{ name: "S", method: [{ name: "Do", inputType: ".a.First", outputType: ".a.Outer" }] }],
    sourceCodeInfo: {
      location: [
        ...[
          [4, 1],
          [4, 1, 2, 0],
          [4, 1, 8, 0],
          [4, 1, 3, 0, 2, 0],
          [4, 1, 4, 0, 2, 0],
          [5, 0],
          [6, 0],
          [6, 0, 2, 0],
        ].map((path) => comment(...path)),
        { path: [4, 1, 3, 0], trailingComments: " behind (-- internal --)\n" },
      ],
    },
  }),
  () => undefined,
);

test("messages, fields, oneofs, enums, values, services and methods have their comments", () => {
  const outer = registry.getMessage("a.Outer");
  const inner = registry.getMessage("a.Outer.Inner");
  const service = registry.getService("a.S");
  const all = [
    outer,
    outer?.fields[0],
    outer?.oneofs[0],
    inner,
    inner?.fields[0],
    registry.getEnum("a.Outer.Color")?.values[0],
    registry.getEnum("a.Size"),
    service,
    service?.methods[0],
  ];
  expect(all.map((desc) => desc && commentOf(desc))).toEqual([
    "at 4.1",
    "at 4.1.2.0",
    "at 4.1.8.0",
    "behind",
    "at 4.1.3.0.2.0",
    "at 4.1.4.0.2.0",
    "at 5.0",
    "at 6.0",
    "at 6.0.2.0",
  ]);
  const without = [registry.getMessage("a.First"), registry.getMessage("a.Outer.Plain"), registry.getEnum("a.Outer.Color")];
  expect(without.map((desc) => desc && commentOf(desc))).toEqual(["", "", ""]);
});
