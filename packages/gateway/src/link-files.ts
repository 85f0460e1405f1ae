// Links files from server reflection for a registry. A registry requires absolute type names, and
// dependencies before their dependents. `@grpc/reflection` provides neither: its files omit their
// imports, and its names are relative, as descriptor.proto allows.
import { create } from "@bufbuild/protobuf";
import { type DescriptorProto, type FileDescriptorProto, type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** Links the files in place, and sorts them. */
export function linkFiles(files: ReadonlyMap<string, FileDescriptorProto>): FileDescriptorSet {
  const declaredIn = new Map<string, FileDescriptorProto>();
  for (const file of files.values()) declare(file, (name) => declaredIn.set(name, file));
  const ordered = new Set<FileDescriptorProto>();
  const visited = new Set<FileDescriptorProto>();
  const visit = (file: FileDescriptorProto | undefined) => {
    if (file === undefined || visited.has(file)) return;
    visited.add(file);
    for (const name of file.dependency) visit(files.get(name));
    for (const name of resolve(file, declaredIn)) visit(declaredIn.get(name));
    ordered.add(file);
  };
  for (const file of files.values()) visit(file);
  return create(FileDescriptorSetSchema, { file: [...ordered] });
}

const packageScope = ({ package: name }: FileDescriptorProto) => (name === "" ? "" : `.${name}`);

function declare(file: FileDescriptorProto, add: (name: string) => void): void {
  const visit = (scope: string, messages: readonly DescriptorProto[], enums: FileDescriptorProto["enumType"]) => {
    for (const { name } of enums) add(`${scope}.${name}`);
    for (const { name, nestedType, enumType } of messages) {
      add(`${scope}.${name}`);
      visit(`${scope}.${name}`, nestedType, enumType);
    }
  };
  visit(packageScope(file), file.messageType, file.enumType);
}

/** Resolves the type names that a file refers to, and returns them. */
function resolve(file: FileDescriptorProto, known: ReadonlyMap<string, unknown>): Set<string> {
  const used = new Set<string>();
  /** Resolves a name from the innermost scope outwards. */
  const full = (scope: string, name: string): string => {
    let found = name;
    for (let outer = scope; !found.startsWith(".") && name !== ""; outer = outer.slice(0, Math.max(outer.lastIndexOf("."), 0))) {
      if (known.has(`${outer}.${name}`) || outer === "") found = `${outer}.${name}`;
    }
    used.add(found);
    return found;
  };
  const visit = (scope: string, messages: readonly DescriptorProto[], extensions: FileDescriptorProto["extension"]) => {
    for (const one of extensions) {
      one.typeName = full(scope, one.typeName);
      one.extendee = full(scope, one.extendee);
    }
    for (const message of messages) {
      const inner = `${scope}.${message.name}`;
      // protobufjs, which `@grpc/reflection` uses, repeats an extension as a field with an invalid
      // name.
      message.field = message.field.filter(({ name }) => !name.includes("."));
      for (const field of message.field) field.typeName = full(inner, field.typeName);
      visit(inner, message.nestedType, message.extension);
    }
  };
  const scope = packageScope(file);
  visit(scope, file.messageType, file.extension);
  for (const method of file.service.flatMap(({ method }) => method)) {
    method.inputType = full(scope, method.inputType);
    method.outputType = full(scope, method.outputType);
  }
  return used;
}
