// The comments of a .proto, as descriptions. Descriptors from server reflection or a descriptor set may have them; what protoc-gen-es
// generates never does, so they can be had from a descriptor set beside it.
import type { DescEnum, DescEnumValue, DescField, DescFile, DescMessage, DescMethod, DescOneof, DescService } from "@bufbuild/protobuf";
import type {
  DescriptorProto,
  EnumDescriptorProto,
  FileDescriptorProto,
  FileDescriptorSet,
  SourceCodeInfo_Location,
} from "@bufbuild/protobuf/wkt";

type Commented = DescMessage | DescField | DescOneof | DescEnum | DescEnumValue | DescService | DescMethod;

export class Comments {
  readonly #files: ReadonlyMap<string, FileDescriptorProto>;
  /** By file, and then by what is commented. */
  readonly #comments = new Map<FileDescriptorProto, ReadonlyMap<string, string>>();

  /** @param descriptors has the comments of files that come without. */
  constructor(descriptors?: FileDescriptorSet) {
    this.#files = new Map(descriptors?.file.map((file) => [file.name, file]));
  }

  /** Undefined if there is none. */
  of(desc: Commented): string | undefined {
    const file = fileOf(desc).proto;
    const source = file.sourceCodeInfo === undefined ? this.#files.get(file.name) : file;
    if (source === undefined) return undefined;
    let comments = this.#comments.get(source);
    if (comments === undefined) {
      comments = readComments(source);
      this.#comments.set(source, comments);
    }
    return comments.get(nameOf(desc));
  }
}

function fileOf(desc: Commented): DescFile {
  if ("file" in desc) return desc.file;
  return desc.parent.file;
}

/** Unique in its file. */
function nameOf(desc: Commented): string {
  return "typeName" in desc ? desc.typeName : `${desc.parent.typeName}.${desc.name}`;
}

/** By the names that nameOf gives. */
function readComments(file: FileDescriptorProto): ReadonlyMap<string, string> {
  const locations = new Map(file.sourceCodeInfo?.location.map((location) => [location.path.join("."), location]));
  const comments = new Map<string, string>();

  // The numbers of the path are those of descriptor.proto's fields, and indexes.
  const read = (path: string, parent: string, name: string): string => {
    const fullName = parent === "" ? name : `${parent}.${name}`;
    const comment = cleanComment(locations.get(path));
    if (comment !== undefined) comments.set(fullName, comment);
    return fullName;
  };
  const readEnum = (path: string, parent: string, proto: EnumDescriptorProto): void => {
    const name = read(path, parent, proto.name);
    for (const [index, value] of proto.value.entries()) read(`${path}.2.${index}`, name, value.name);
  };
  const readMessage = (path: string, parent: string, proto: DescriptorProto): void => {
    const name = read(path, parent, proto.name);
    for (const [index, field] of proto.field.entries()) read(`${path}.2.${index}`, name, field.name);
    for (const [index, nested] of proto.nestedType.entries()) readMessage(`${path}.3.${index}`, name, nested);
    for (const [index, nested] of proto.enumType.entries()) readEnum(`${path}.4.${index}`, name, nested);
    for (const [index, oneof] of proto.oneofDecl.entries()) read(`${path}.8.${index}`, name, oneof.name);
  };
  for (const [index, message] of file.messageType.entries()) readMessage(`4.${index}`, file.package, message);
  for (const [index, proto] of file.enumType.entries()) readEnum(`5.${index}`, file.package, proto);
  for (const [index, service] of file.service.entries()) {
    const name = read(`6.${index}`, file.package, service.name);
    for (const [at, method] of service.method.entries()) read(`6.${index}.2.${at}`, name, method.name);
  }
  return comments;
}

/** The comment before the thing, or else the one behind it; without the notes to linters, and those that `(--` and `--)` make internal. */
function cleanComment(location: SourceCodeInfo_Location | undefined): string | undefined {
  const text = (location?.leadingComments || location?.trailingComments || "")
    .replace(/\(--[\s\S]*?--\)/g, "")
    .split("\n")
    .map((line) => line.replace(/^ /, "").trimEnd())
    .filter((line) => !/^(buf:lint:ignore|@?(protolint|api-linter):)/.test(line.trim()))
    .join("\n")
    .trim();
  return text === "" ? undefined : text;
}
