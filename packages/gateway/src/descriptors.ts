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
import {
  type DescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { type Channel, Code, createClient, RpcError } from "@grpc-study/rpc";
import { ServerReflection } from "@grpc-study/rpc/reflection";
import { linkFiles } from "./link-files.ts";

/** What a gateway needs to know of an upstream. */
export interface Descriptors {
  readonly services: readonly DescService[];
  /** All types of their files: for `google.protobuf.Any`. */
  readonly registry: Registry;
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
function toRegistry(set: FileDescriptorSet): FileRegistry {
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

function isOwnService(typeName: string): boolean {
  return ownServices.has(typeName);
}

function servicesIn(registry: FileRegistry): DescService[] {
  return [...registry].filter((type) => type.kind === "service").filter(({ typeName }) => !isOwnService(typeName));
}

/**
 * The services that a server tells of by reflection (`grpc.reflection.v1`, or `v1alpha` where there is no other), without its health and its reflection.
 *
 * @throws DescriptorsError if it does not, or cannot be reached within `timeoutMs` (10,000 unless told).
 */
export async function reflectServices(channel: Channel, { timeoutMs = 10_000 } = {}): Promise<Descriptors> {
  try {
    return await reflect(channel, ServerReflection, timeoutMs);
  } catch (error) {
    if (!isUnimplemented(error)) throw explain(error, channel);
  }
  try {
    return await reflect(channel, alpha(), timeoutMs);
  } catch (error) {
    throw explain(error, channel);
  }
}

/** `v1alpha` has the messages of `v1`, field by field, and another name. */
function alpha(): typeof ServerReflection {
  const typeName = "grpc.reflection.v1alpha.ServerReflection";
  const service = { ...ServerReflection, typeName } as typeof ServerReflection;
  const methods = ServerReflection.methods.map((method) => ({ ...method, parent: service }));
  return Object.assign(service, { methods, method: { serverReflectionInfo: methods[0] } });
}

async function reflect(channel: Channel, reflection: typeof ServerReflection, timeoutMs: number): Promise<Descriptors> {
  using call = createClient(reflection, channel).serverReflectionInfo({ timeoutMs });
  type Request = Parameters<typeof call.send>[0];
  const ask = async (messageRequest: NonNullable<Request["messageRequest"]>) => {
    await call.send({ messageRequest });
    const response = (await call.recv())?.messageResponse;
    if (response === undefined) throw new DescriptorsError("the server ended the reflection call without an answer");
    if (response.case === "errorResponse") throw new RpcError(response.value.errorCode || Code.UNKNOWN, response.value.errorMessage);
    return response;
  };

  const listed = await ask({ case: "listServices", value: "*" });
  const names = listed.case === "listServicesResponse" ? listed.value.service.map(({ name }) => name) : [];
  const files = new Map<string, FileDescriptorProto>();
  const add = (answer: Awaited<ReturnType<typeof ask>>) => {
    if (answer.case !== "fileDescriptorResponse") throw new DescriptorsError("the server answered something else than was asked for");
    for (const bytes of answer.value.fileDescriptorProto) {
      const file = fromBinary(FileDescriptorProtoSchema, bytes);
      files.set(file.name, file);
    }
  };
  const wanted = names.filter((name) => !isOwnService(name));
  for (const name of wanted) add(await ask({ case: "fileContainingSymbol", value: name }));
  // A server may send the imports too, or leave them to be asked for.
  for (let missing = missingOf(files); missing.length > 0; missing = missingOf(files)) {
    for (const name of missing) add(await ask({ case: "fileByFilename", value: name }));
    if (missingOf(files).some((name) => missing.includes(name)))
      throw new DescriptorsError(`the server does not send ${missing.join(", ")}`);
  }
  call.closeSend();
  const registry = toRegistry(linkFiles(files));
  return { services: servicesIn(registry).filter(({ typeName }) => wanted.includes(typeName)), registry };
}

function missingOf(files: ReadonlyMap<string, FileDescriptorProto>): string[] {
  return [...new Set([...files.values()].flatMap(({ dependency }) => dependency))].filter((name) => !files.has(name));
}

function isUnimplemented(error: unknown): boolean {
  return error instanceof RpcError && error.code === Code.UNIMPLEMENTED;
}

function explain(error: unknown, { target }: Channel): unknown {
  if (isUnimplemented(error)) return new DescriptorsError(`${target} has no reflection: give its descriptors instead`, { cause: error });
  if (error instanceof RpcError) return new DescriptorsError(`reflection of ${target} failed: ${error.message}`, { cause: error });
  return error;
}
