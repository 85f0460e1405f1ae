// The descriptors of what a gateway serves, with the comments of the .proto files as far as they are
// known, as a google.protobuf.FileDescriptorSet.
import { create, type DescFile, type DescService, type Registry, toBinary } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
  type SourceCodeInfo,
} from "@bufbuild/protobuf/wkt";

export interface DescriptorSetSources {
  readonly services: Iterable<DescService>;
  /** Further types, for `google.protobuf.Any`. */
  readonly registry: Registry;
  /** Files with comments, which replace those of the same name without comments. */
  readonly commented: FileDescriptorSet | undefined;
}

/**
 * Collects the files of services and types. Each file follows those that it imports. If two upstreams
 * have different files of one name, the second one gets another name.
 */
export function descriptorSetOf({ services, registry, commented }: DescriptorSetSources): Uint8Array<ArrayBuffer> {
  const comments = new Map(commented?.file.map((file) => [file.name, file.sourceCodeInfo]));
  const names = new Map<DescFile, string>();
  const taken = new Map<string, DescFile>();
  const files: FileDescriptorProto[] = [];
  const add = (file: DescFile): string => {
    const known = names.get(file);
    if (known !== undefined) return known;
    const { proto } = file;
    const other = taken.get(proto.name);
    if (other !== undefined && isSame(other.proto, proto)) {
      names.set(file, proto.name);
      return proto.name;
    }
    const name = other === undefined ? proto.name : `${names.size}/${proto.name}`;
    names.set(file, name);
    taken.set(name, file);
    const imports = new Map(file.dependencies.map((one) => [one.proto.name, add(one)]));
    const sourceCodeInfo = proto.sourceCodeInfo ?? comments.get(proto.name);
    files.push({
      ...proto,
      name,
      dependency: proto.dependency.map((one) => imports.get(one) ?? one),
      ...(sourceCodeInfo && { sourceCodeInfo: commentsOf(sourceCodeInfo) }),
    });
    return name;
  };
  for (const { file } of services) add(file);
  for (const type of registry) add(type.file);
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: files }));
}

/**
 * The comments that the page shows. Source information also has a place in the file for each name,
 * type and number: in googleapis, four of five locations, which take the page seconds to parse.
 */
function commentsOf({ location, ...info }: SourceCodeInfo): SourceCodeInfo {
  return {
    ...info,
    location: location
      .filter(({ leadingComments, trailingComments }) => leadingComments || trailingComments)
      .map((one) => ({ ...one, span: [], leadingDetachedComments: [] })),
  };
}

function isSame(one: FileDescriptorProto, other: FileDescriptorProto): boolean {
  return one === other || Buffer.compare(bytesOf(one), bytesOf(other)) === 0;
}

/** A file without its comments. */
function bytesOf({ sourceCodeInfo: _, ...file }: FileDescriptorProto): Uint8Array {
  return toBinary(FileDescriptorProtoSchema, file);
}
