// The comments of .proto files, from the source information of their descriptors.
import {
  type DescEnum,
  type DescEnumValue,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescOneof,
  type DescService,
  fromBinary,
} from "@bufbuild/protobuf";
import { type FileDescriptorProto, type SourceCodeInfo_Location, SourceCodeInfoSchema } from "@bufbuild/protobuf/wkt";

export type Commented = DescMessage | DescField | DescOneof | DescEnum | DescEnumValue | DescService | DescMethod;

/** The comments of a file by the paths of their elements: field numbers of descriptor.proto, and indexes. */
const files = new WeakMap<FileDescriptorProto, ReadonlyMap<string, SourceCodeInfo_Location>>();

/** The source information of files that were read without it. */
const unread = new WeakMap<FileDescriptorProto, Uint8Array>();

/** Keeps the source information of a file, a `google.protobuf.SourceCodeInfo`, until a comment is needed. */
export function keepSourceInfo(file: FileDescriptorProto, info: Uint8Array): void {
  unread.set(file, info);
}

function locationsOf(file: FileDescriptorProto): readonly SourceCodeInfo_Location[] {
  const info = unread.get(file);
  unread.delete(file);
  return (info === undefined ? file.sourceCodeInfo : fromBinary(SourceCodeInfoSchema, info))?.location ?? [];
}

/** The comment of an element. Empty without one. */
export function commentOf(desc: Commented): string {
  const { proto } = "file" in desc ? desc.file : desc.parent.file;
  let locations = files.get(proto);
  if (locations === undefined) {
    locations = new Map(
      locationsOf(proto)
        .filter(({ leadingComments, trailingComments }) => leadingComments || trailingComments)
        .map((location) => [location.path.join("."), location]),
    );
    files.set(proto, locations);
  }
  return locations.size === 0 ? "" : cleaned(locations.get(pathOf(desc)));
}

/** The path of an element in its file, which source information has as its key. */
function pathOf(desc: Commented): string {
  switch (desc.kind) {
    case "message":
      return desc.parent
        ? `${pathOf(desc.parent)}.3.${desc.parent.proto.nestedType.indexOf(desc.proto)}`
        : `4.${desc.file.proto.messageType.indexOf(desc.proto)}`;
    case "enum":
      return desc.parent
        ? `${pathOf(desc.parent)}.4.${desc.parent.proto.enumType.indexOf(desc.proto)}`
        : `5.${desc.file.proto.enumType.indexOf(desc.proto)}`;
    case "service":
      return `6.${desc.file.proto.service.indexOf(desc.proto)}`;
    case "field":
      return `${pathOf(desc.parent)}.2.${desc.parent.proto.field.indexOf(desc.proto)}`;
    case "enum_value":
      return `${pathOf(desc.parent)}.2.${desc.parent.proto.value.indexOf(desc.proto)}`;
    case "rpc":
      return `${pathOf(desc.parent)}.2.${desc.parent.proto.method.indexOf(desc.proto)}`;
    case "oneof":
      return `${pathOf(desc.parent)}.8.${desc.parent.proto.oneofDecl.indexOf(desc.proto)}`;
  }
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
