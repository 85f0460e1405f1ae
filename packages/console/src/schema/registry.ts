// The types of a descriptor set, built in slices, between which the page paints and reacts: googleapis has more
// than 7,000 methods.
import { create, createFileRegistry, createMutableRegistry, type DescFile, fromBinary, type Registry } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Slices } from "../call/slices.ts";
import { keepSourceInfo } from "./comments.ts";

/** The numbers of `FileDescriptorSet.file` and `FileDescriptorProto.source_code_info`. */
const [fileField, sourceInfoField] = [1, 9];

/** Files whose types are built together. Each batch looks at all files that it imports. */
const batchSize = 32;

/**
 * Builds the types of a `google.protobuf.FileDescriptorSet`.
 *
 * @throws Error if the set is incomplete or has names that are no identifiers.
 */
export async function buildRegistry(set: Uint8Array): Promise<Registry> {
  const slices = new Slices();
  const pause = async () => {
    if (slices.isOver) await slices.pause();
  };
  const protos: FileDescriptorProto[] = [];
  for (const bytes of fieldsOf(set, fileField)) {
    protos.push(fileOf(bytes));
    await pause();
  }
  const files = new Map<string, DescFile>();
  const registry = createMutableRegistry();
  for (let from = 0; from < protos.length; from += batchSize) {
    const batch = protos.slice(from, from + batchSize);
    for (const file of filesOf(batch, files)) {
      files.set(file.proto.name, file);
      for (const type of nestedTypes(file)) registry.add(type);
    }
    await pause();
  }
  return registry;
}

/** The values of a field of messages, in order. */
function* fieldsOf(bytes: Uint8Array, wanted: number): Generator<Uint8Array, void, undefined> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (number === wanted && type === WireType.LengthDelimited) yield reader.bytes();
    else reader.skip(type, number);
  }
}

/** Reads a file. Its comments, which are most of it, stay bytes until they are needed. */
function fileOf(bytes: Uint8Array): FileDescriptorProto {
  const reader = new BinaryReader(bytes);
  for (let from = 0; reader.pos < reader.len; from = reader.pos) {
    const [number, type] = reader.tag();
    if (number !== sourceInfoField || type !== WireType.LengthDelimited) {
      reader.skip(type, number);
      continue;
    }
    const info = reader.bytes();
    const rest = new Uint8Array(from + reader.len - reader.pos);
    rest.set(bytes.subarray(0, from));
    rest.set(bytes.subarray(reader.pos), from);
    const file = fromBinary(FileDescriptorProtoSchema, rest);
    keepSourceInfo(file, info);
    return file;
  }
  return fromBinary(FileDescriptorProtoSchema, bytes);
}

/** Builds files that follow those that they import. */
function filesOf(batch: readonly FileDescriptorProto[], built: ReadonlyMap<string, DescFile>): readonly DescFile[] {
  const own = new Map(batch.map((file) => [file.name, file]));
  // A file that imports the batch. Of its imports, the last one is built first.
  const root = create(FileDescriptorProtoSchema, { name: "\0batch", syntax: "proto3", dependency: [...own.keys()].reverse() });
  const registry = createFileRegistry(root, (name) => built.get(name) ?? own.get(name));
  return [...own.keys()].flatMap((name) => registry.getFile(name) ?? []);
}
