// The comments of a .proto as descriptions. Descriptors from server reflection or a descriptor set
// may contain them. Generated code does not, so a descriptor set can supply them.
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
  /** By file, and then by the name of the commented element. */
  readonly #comments = new Map<FileDescriptorProto, ReadonlyMap<string, string>>();

  /** @param descriptors the comments of files that have no `sourceCodeInfo`. */
  constructor(descriptors?: FileDescriptorSet) {
    this.#files = new Map(descriptors?.file.map((file) => [file.name, file]));
  }

  /** The comment of an element. Returns `undefined` without one. */
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

/** A name that is unique in its file. */
function nameOf(desc: Commented): string {
  return "typeName" in desc ? desc.typeName : `${desc.parent.typeName}.${desc.name}`;
}

/** The comments of a file by the names that `nameOf` returns. */
function readComments(file: FileDescriptorProto): ReadonlyMap<string, string> {
  const locations = new Map(file.sourceCodeInfo?.location.map((location) => [location.path.join("."), location]));
  const comments = new Map<string, string>();

  // A path alternates field numbers of descriptor.proto and indexes.
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

/**
 * The leading comment, or else the trailing one. Omits directives to linters, and internal notes
 * between `(--` and `--)`.
 */
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
