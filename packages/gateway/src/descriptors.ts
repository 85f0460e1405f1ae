// Services from descriptors: a descriptor set that buf or protoc wrote, or server reflection.
import { gunzipSync } from "node:zlib";
import {
  createFileRegistry,
  type DescService,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  type Registry,
} from "@bufbuild/protobuf";
import { type DescriptorProto, type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { linkFiles } from "./link-files.ts";
import type { TypeSource } from "./type-source.ts";

/** The services and types of an upstream. */
export interface Descriptors {
  readonly services: readonly DescService[];
  /** All types in the files of the services, to resolve `google.protobuf.Any`. */
  readonly registry: Registry;
  /** Finds further types on demand. Only set with reflection. */
  readonly typeSource?: TypeSource;
}

/** Descriptors are missing or invalid. The message is one line for the operator of the gateway. */
export class DescriptorsError extends Error {
  static {
    DescriptorsError.prototype.name = "DescriptorsError";
  }
}

/** Maximum size of a decompressed descriptor set, in bytes. A large API has tens of megabytes. */
const maxUnzippedBytes = 512 * 1024 * 1024;

/**
 * Reads the services from a `google.protobuf.FileDescriptorSet`: `buf build -o shop.binpb`, or
 * `protoc --include_imports --descriptor_set_out=shop.binpb`. The set may be binary or JSON
 * (`shop.json`), and gzipped (`shop.binpb.gz`). Its files may be in any order.
 *
 * @throws DescriptorsError if the set is malformed, or an import is missing.
 */
export function readDescriptors(bytes: Uint8Array): Descriptors {
  const { file } = readSet(unzipped(bytes));
  const registry = toRegistry(linkFiles(new Map(file.map((one) => [one.name, one]))));
  return { services: servicesIn(registry), registry };
}

function unzipped(bytes: Uint8Array): Uint8Array {
  // RFC 1952, section 2.3.1.
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: maxUnzippedBytes });
  } catch (error) {
    throw new DescriptorsError(`malformed gzip: ${(error as Error).message}`, { cause: error });
  }
}

function readSet(bytes: Uint8Array): FileDescriptorSet {
  let set: FileDescriptorSet | undefined;
  let cause: unknown;
  try {
    set = fromBinary(FileDescriptorSetSchema, bytes);
  } catch (error) {
    cause = error;
  }
  // Text that happens to parse as a message has only unknown fields.
  if (set !== undefined && (set.file.length > 0 || bytes.length === 0)) return set;
  const text = Buffer.from(bytes).toString();
  if (/^\s*\{/.test(text)) return readJson(text);
  throw new DescriptorsError(`not a descriptor set${cause instanceof Error ? `: ${cause.message}` : ""}`, { cause });
}

/**
 * Options in JSON are keyed by extension name, such as `[google.api.http]`; the set itself has
 * their types.
 */
function readJson(text: string): FileDescriptorSet {
  try {
    const json = JSON.parse(text) as JsonValue;
    const plain = fromJson(FileDescriptorSetSchema, json, { ignoreUnknownFields: true });
    const registry = toRegistry(linkFiles(new Map(plain.file.map((file) => [file.name, file]))));
    return fromJson(FileDescriptorSetSchema, json, { ignoreUnknownFields: true, registry });
  } catch (error) {
    if (error instanceof DescriptorsError) throw error;
    throw new DescriptorsError(`not a descriptor set in JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** @throws DescriptorsError if an import is missing. */
export function toRegistry(set: FileDescriptorSet): FileRegistry {
  try {
    return createFileRegistry(withJsonNames(set));
  } catch (error) {
    throw new DescriptorsError(`the descriptors are incomplete: ${(error as Error).message}`, { cause: error });
  }
}

/** Sets the JSON names of fields: compilers may omit them, and protobuf-es does not derive them. */
function withJsonNames(set: FileDescriptorSet): FileDescriptorSet {
  const visit = ({ field, extension, nestedType }: DescriptorProto) => {
    for (const one of [...field, ...extension]) one.jsonName ||= jsonName(one.name);
    for (const nested of nestedType) visit(nested);
  };
  for (const { messageType, extension } of set.file) {
    for (const one of extension) one.jsonName ||= jsonName(one.name);
    for (const message of messageType) visit(message);
  }
  return set;
}

/** The JSON name that protoc derives: removes underscores and capitalizes the letter after each. */
function jsonName(name: string): string {
  return name.replace(/_+(.?)/g, (_all, next: string) => next.toUpperCase());
}

/** Services that the gateway uses itself. It does not serve them. */
const ownServices: ReadonlySet<string> = new Set([
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
]);

export function isOwnService(typeName: string): boolean {
  return ownServices.has(typeName);
}

export function servicesIn(registry: FileRegistry): DescService[] {
  return [...registry].filter((type) => type.kind === "service").filter(({ typeName }) => !isOwnService(typeName));
}
