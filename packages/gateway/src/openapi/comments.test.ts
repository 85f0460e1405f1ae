import { readFileSync } from "node:fs";
import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { BookSchema, GenreSchema, LibraryService } from "../../test/gen/library_pb.js";
import { Comments } from "./comments.ts";

const descriptors = fromBinary(FileDescriptorSetSchema, readFileSync(new URL("../../test/gen/library.binpb", import.meta.url)));

test("a descriptor set supplies comments for generated descriptors", () => {
  expect(new Comments().of(BookSchema)).toBeUndefined();
  const comments = new Comments(descriptors);
  expect([BookSchema, BookSchema.field.title, GenreSchema.value[1], LibraryService.method.getBook, BookSchema.field.name].map(of)).toEqual([
    "A book.",
    "As on the cover.",
    "True things.",
    "Finds a book. It may be anywhere.",
    undefined,
  ]);
  expect(comments.of(LibraryService)).toBe("Shelves, and the books on them.\n\nA second paragraph.");

  function of(desc: Parameters<Comments["of"]>[0] | undefined) {
    return desc && comments.of(desc);
  }
});

test("descriptors with comments need no descriptor set", () => {
  const message = createFileRegistry(descriptors).getMessage("library.v1.Book");
  expect(message && new Comments().of(message)).toBe("A book.");
});

test("omits linter directives and internal notes; falls back to the trailing comment", () => {
  const proto = create(FileDescriptorProtoSchema, {
    name: "a.proto",
    syntax: "proto3",
    messageType: [{ name: "A" }, { name: "B" }],
    sourceCodeInfo: {
      location: [
        { path: [4, 0], leadingComments: " An A.\n buf:lint:ignore COMMENTS\n (-- api-linter: no --)\n   Indented.\n" },
        { path: [4, 1], trailingComments: " A B.\n" },
      ],
    },
  });
  const registry = createFileRegistry(proto, () => undefined);
  const of = (name: string) => {
    const message = registry.getMessage(name);
    return message && new Comments().of(message);
  };
  expect([of("A"), of("B")]).toEqual(["An A.\n\n  Indented.", "A B."]);
});
