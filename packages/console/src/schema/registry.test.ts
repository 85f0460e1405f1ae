// The registry that is built in slices has what one that is built at once has.
import { create, createFileRegistry, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { fileSet } from "../../test/types.ts";
import { commentOf } from "./comments.ts";
import { buildRegistry } from "./registry.ts";
import { type ServiceEntry, serviceTree } from "./services.ts";

/** Files that import each other in a chain, more than one batch has. */
const chain = Array.from({ length: 100 }, (_, index) => ({
  name: `${index}.proto`,
  package: `p${index}`,
  syntax: "proto3",
  dependency: index === 0 ? [] : [`${index - 1}.proto`],
  publicDependency: index === 0 ? [] : [0],
  messageType: [{ name: "M", field: index === 0 ? [] : [{ name: "m", number: 1, label: 1, type: 11, typeName: `.p${index - 1}.M` }] }],
}));
const set = create(FileDescriptorSetSchema, { file: [...fileSet.file, ...chain] });

test("has the types, their fields and their comments", async () => {
  const [built, whole] = [await buildRegistry(toBinary(FileDescriptorSetSchema, set)), createFileRegistry(set)];
  expect([...built].map(String).sort()).toEqual([...whole].map(String).sort());
  for (const desc of whole) {
    const other = built.get(desc.typeName);
    if (desc.kind === "extension" || other === undefined) continue;
    expect(commentOf(other as never)).toBe(commentOf(desc));
    if (desc.kind === "message" && other.kind === "message") {
      const fields = desc.fields.map((field) => [String(field), field.message?.typeName, commentOf(field)]);
      expect(other.fields.map((field) => [String(field), field.message?.typeName, commentOf(field)])).toEqual(fields);
      // Types of one file are the same wherever they are found.
      for (const { message } of other.fields) if (message !== undefined) expect(built.getMessage(message.typeName)).toBe(message);
    }
  }
  const texts = (services: readonly ServiceEntry[] = []) =>
    services.flatMap(({ comment, methods }) => [comment, ...methods.map(({ text }) => text)]);
  expect(texts(serviceTree(built)[0]?.services)).toEqual(texts(serviceTree(whole)[0]?.services));
});

test("an incomplete set is rejected", async () => {
  const incomplete = toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: chain.slice(1) }));
  await expect(buildRegistry(incomplete)).rejects.toThrow("0.proto");
});
