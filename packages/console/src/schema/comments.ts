// The comments of .proto files, from the source information of their descriptors.
import type { DescEnum, DescEnumValue, DescField, DescFile, DescMessage, DescMethod, DescOneof, DescService } from "@bufbuild/protobuf";
import type { DescriptorProto, EnumDescriptorProto, FileDescriptorProto, SourceCodeInfo_Location } from "@bufbuild/protobuf/wkt";

export type Commented = DescMessage | DescField | DescOneof | DescEnum | DescEnumValue | DescService | DescMethod;

const files = new WeakMap<FileDescriptorProto, ReadonlyMap<string, string>>();

/** The comment of an element. Empty without one. */
export function commentOf(desc: Commented): string {
  const file: DescFile = "file" in desc ? desc.file : desc.parent.file;
  let comments = files.get(file.proto);
  if (comments === undefined) {
    comments = readComments(file.proto);
    files.set(file.proto, comments);
  }
  return comments.get("typeName" in desc ? desc.typeName : `${desc.parent.typeName}.${desc.name}`) ?? "";
}

function readComments(file: FileDescriptorProto): ReadonlyMap<string, string> {
  // A path alternates field numbers of descriptor.proto and indexes.
  const locations = new Map(file.sourceCodeInfo?.location.map((location) => [location.path.join("."), location]));
  const comments = new Map<string, string>();
  const read = (path: string, parent: string, name: string): string => {
    const fullName = parent === "" ? name : `${parent}.${name}`;
    const comment = cleaned(locations.get(path));
    if (comment !== "") comments.set(fullName, comment);
    return fullName;
  };
  const readEnum = (path: string, parent: string, proto: EnumDescriptorProto) => {
    const name = read(path, parent, proto.name);
    for (const [index, value] of proto.value.entries()) read(`${path}.2.${index}`, name, value.name);
  };
  const readMessage = (path: string, parent: string, proto: DescriptorProto) => {
    const name = read(path, parent, proto.name);
    for (const [index, field] of proto.field.entries()) read(`${path}.2.${index}`, name, field.name);
    for (const [index, nested] of proto.nestedType.entries()) readMessage(`${path}.3.${index}`, name, nested);
    for (const [index, nested] of proto.enumType.entries()) readEnum(`${path}.4.${index}`, name, nested);
    for (const [index, oneof] of proto.oneofDecl.entries()) read(`${path}.8.${index}`, name, oneof.name);
  };
  if (locations.size === 0) return comments;
  for (const [index, message] of file.messageType.entries()) readMessage(`4.${index}`, file.package, message);
  for (const [index, proto] of file.enumType.entries()) readEnum(`5.${index}`, file.package, proto);
  for (const [index, service] of file.service.entries()) {
    const name = read(`6.${index}`, file.package, service.name);
    for (const [at, method] of service.method.entries()) read(`6.${index}.2.${at}`, name, method.name);
  }
  return comments;
}

/** The leading comment, or else the trailing one, without directives to linters and internal notes. */
function cleaned(location: SourceCodeInfo_Location | undefined): string {
  return (location?.leadingComments || location?.trailingComments || "")
    .replace(/\(--[\s\S]*?--\)/g, "")
    .split("\n")
    .map((line) => line.replace(/^ /, "").trimEnd())
    .filter((line) => !/^(buf:lint:ignore|@?(protolint|api-linter):)/.test(line.trim()))
    .join("\n")
    .trim();
}
