// Writes buf/validate/validate.proto. No npm package ships its source, so this script prints it
// from the descriptor in @bufbuild/protovalidate, which has everything but the comments. With
// --check it compares instead, and fails if a copy is out of date.
//
//   node scripts/print-validate.ts [--check]     in packages/proto, after updating @bufbuild/protovalidate
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, getExtension, hasExtension, isFieldSet } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  type FieldOptions,
  FieldOptionsSchema,
  FileOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { file_buf_validate_validate, PredefinedRulesSchema, predefined } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

const copies = ["third_party", "../rpc/third_party"].map((folder) => `${folder}/buf/validate/validate.proto`);

const header = `// Copyright 2023-2026 Buf Technologies, Inc.
//
// Licensed under the Apache License, Version 2.0 (the "License");
// you may not use this file except in compliance with the License.
// You may obtain a copy of the License at
//
//      http://www.apache.org/licenses/LICENSE-2.0
//
// Unless required by applicable law or agreed to in writing, software
// distributed under the License is distributed on an "AS IS" BASIS,
// WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
// See the License for the specific language governing permissions and
// limitations under the License.

// Printed without comments from the descriptor in the npm package @bufbuild/protovalidate by
// packages/proto/scripts/print-validate.ts. Do not edit.
`;

/** The end of a range without an upper limit: one more than the highest field number. */
const max = 2 ** 29;

const { proto } = file_buf_validate_validate;

// Options unknown to the printer would be lost: validate-proto.test.ts compares the compiled file
// with the descriptor.
const source = [
  header,
  `syntax = "${proto.syntax || "proto2"}";`,
  `package ${proto.package};`,
  proto.dependency.map((name) => `import "${name}";`).join("\n"),
  printFields(reflect(FileOptionsSchema, proto.options ?? create(FileOptionsSchema)))
    .map((field) => `option ${field};`)
    .join("\n"),
  ...proto.extension.map((field) => `extend ${typeName(field.extendee)} {\n${printField(field)}\n}`),
  ...proto.messageType.map(printMessage),
  ...proto.enumType.map(printEnum),
].join("\n\n");

function printMessage({ name, field, oneofDecl, reservedRange, reservedName, extensionRange }: DescriptorProto): string {
  const lines = [];
  for (const each of field) {
    if (!isInOneof(each)) lines.push(printField(each));
    else if (each === field.find((other) => isInOneof(other) && other.oneofIndex === each.oneofIndex)) {
      const members = field.filter((other) => isInOneof(other) && other.oneofIndex === each.oneofIndex);
      lines.push(`oneof ${oneofDecl[each.oneofIndex]?.name} {`, ...members.map(printField), "}");
    }
  }
  for (const { start, end } of extensionRange) lines.push(`extensions ${printRange(start, end)};`);
  return [`message ${name} {`, ...lines, ...printReserved(reservedRange, 0, reservedName), "}"].join("\n");
}

function isInOneof(field: FieldDescriptorProto): boolean {
  return isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex);
}

/** Prints a range of field numbers. `end` is exclusive. */
function printRange(start: number, end: number): string {
  return end === start + 1 ? `${start}` : `${start} to ${end === max ? "max" : end - 1}`;
}

function printField(field: FieldDescriptorProto): string {
  const label = isInOneof(field) ? "" : { 1: "optional ", 2: "required ", 3: "repeated " }[field.label];
  const type = field.typeName === "" ? FieldDescriptorProto_Type[field.type].toLowerCase() : typeName(field.typeName);
  const options = field.options === undefined ? [] : printFieldOptions(field.options);
  return `${label}${type} ${field.name} = ${field.number}${options.length === 0 ? "" : ` [${options.join(", ")}]`};`;
}

function printFieldOptions(options: FieldOptions): string[] {
  const printed = printFields(reflect(FieldOptionsSchema, options));
  if (!hasExtension(options, predefined)) return printed;
  const rules = reflect(PredefinedRulesSchema, getExtension(options, predefined));
  return [...printed, ...printFields(rules).map((field) => `(predefined).${field}`)];
}

function printEnum({ name, value, reservedRange, reservedName }: EnumDescriptorProto): string {
  const lines = value.map(({ name, number }) => `${name} = ${number};`);
  // In an enum, unlike in a message, the end of a range is inclusive.
  return [`enum ${name} {`, ...lines, ...printReserved(reservedRange, 1, reservedName), "}"].join("\n");
}

function printReserved(ranges: readonly { start: number; end: number }[], inclusive: 0 | 1, names: readonly string[]): string[] {
  return [
    ...ranges.map(({ start, end }) => `reserved ${printRange(start, end + inclusive)};`),
    ...names.map((name) => `reserved "${name}";`),
  ];
}

/** Prints `name = value` for each field that is set. */
function printFields(message: ReflectMessage): string[] {
  return message.fields
    .filter((field) => message.isSet(field))
    .flatMap((field): string[] => {
      const name = `${field.name} = `;
      switch (field.fieldKind) {
        case "scalar":
          return [name + JSON.stringify(message.get(field))];
        case "enum":
          return [name + field.enum.value[message.get(field)]?.name];
        case "message":
          return [name + printBlock(message.get(field))];
        case "list":
          if (field.listKind === "message") return [...message.get(field)].map((item) => name + printBlock(item as ReflectMessage));
      }
      throw new Error(`${field}: cannot print this option`);
    });
}

function printBlock(message: ReflectMessage): string {
  return `{\n${printFields(message)
    .map((field) => field.replace(" = ", ": "))
    .join("\n")}\n}`;
}

/** The name relative to the package of the file. */
function typeName(name: string): string {
  return name.replace(/^\./, "").replace(`${proto.package}.`, "");
}

const folder = mkdtempSync(join(tmpdir(), "print-validate-"));
try {
  writeFileSync(join(folder, "validate.proto"), source);
  const text = execFileSync("buf", ["format", join(folder, "validate.proto")], { encoding: "utf8" });
  for (const copy of copies) {
    if (!process.argv.includes("--check")) writeFileSync(copy, text);
    else if (readFileSync(copy, "utf8") !== text) {
      console.error(`${copy} differs from @bufbuild/protovalidate: run node scripts/print-validate.ts`);
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
