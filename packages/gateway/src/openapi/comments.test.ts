import { readFileSync } from "node:fs";
import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { BookSchema, GenreSchema, LibraryService } from "../../test/gen/library_pb.js";
import { Comments } from "./comments.ts";

const descriptors = fromBinary(FileDescriptorSetSchema, readFileSync(new URL("../../test/gen/library.binpb", import.meta.url)));

test("generated descriptors have no comments, and get them from a descriptor set", () => {
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

test("descriptors that have comments need no other ones", () => {
  const message = createFileRegistry(descriptors).getMessage("library.v1.Book");
  expect(message && new Comments().of(message)).toBe("A book.");
});

test("notes to linters, and what is marked as internal, are no comments; one behind the thing is", () => {
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
