// Services that are known at run time only: from a descriptor set, as buf and protoc write it, or from a server's reflection.
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

/** What a gateway needs to know of an upstream. */
export interface Descriptors {
  readonly services: readonly DescService[];
  /** All types of their files: for `google.protobuf.Any`. */
  readonly registry: Registry;
  /** Where further types are asked for; only reflection has it. */
  readonly typeSource?: TypeSource;
}

/** Descriptors cannot be had or used. The message is one line, for whoever runs the gateway. */
export class DescriptorsError extends Error {
  static {
    DescriptorsError.prototype.name = "DescriptorsError";
  }
}

/** The most bytes of a descriptor set that comes gzipped: those of a large API have tens of megabytes. */
const mostBytes = 512 * 1024 * 1024;

/**
 * The services in a `google.protobuf.FileDescriptorSet`: `buf build -o shop.binpb`, or `protoc --include_imports --descriptor_set_out=shop.binpb`. Its
 * files may be in any order, the set in JSON (`shop.json`) and gzipped (`shop.binpb.gz`).
 *
 * @throws DescriptorsError
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
    return gunzipSync(bytes, { maxOutputLength: mostBytes });
  } catch (error) {
    throw new DescriptorsError(`these bytes are malformed gzip: ${(error as Error).message}`, { cause: error });
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
  // Text that happens to be a message has unknown fields only.
  if (set !== undefined && (set.file.length > 0 || bytes.length === 0)) return set;
  const text = Buffer.from(bytes).toString();
  if (/^\s*\{/.test(text)) return readJson(text);
  throw new DescriptorsError(`these bytes are no descriptor set${cause instanceof Error ? `: ${cause.message}` : ""}`, { cause });
}

/** Options in JSON have the names of extensions, `[google.api.http]`, whose types are in the set itself. */
function readJson(text: string): FileDescriptorSet {
  try {
    const json = JSON.parse(text) as JsonValue;
    const plain = fromJson(FileDescriptorSetSchema, json, { ignoreUnknownFields: true });
    const registry = toRegistry(linkFiles(new Map(plain.file.map((file) => [file.name, file]))));
    return fromJson(FileDescriptorSetSchema, json, { ignoreUnknownFields: true, registry });
  } catch (error) {
    if (error instanceof DescriptorsError) throw error;
    throw new DescriptorsError(`this JSON is no descriptor set: ${(error as Error).message}`, { cause: error });
  }
}

/** @throws DescriptorsError if an import is missing. */
export function toRegistry(set: FileDescriptorSet): FileRegistry {
  try {
    return createFileRegistry(withJsonNames(set));
  } catch (error) {
    throw new DescriptorsError(`the descriptors are not complete: ${(error as Error).message}`, { cause: error });
  }
}

/** Gives fields their names in JSON, which compilers may leave out, and protobuf-es does not make up. */
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

/** As protoc makes it: an underscore goes, and the letter after it is a capital. */
function jsonName(name: string): string {
  return name.replace(/_+(.?)/g, (_all, next: string) => next.toUpperCase());
}

/** Services that a gateway uses itself, and does not serve. */
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
