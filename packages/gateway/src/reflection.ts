// A client of server reflection
// (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md): finds services at start, and
// further types on demand.
import { createHash } from "node:crypto";
import { createMutableRegistry, fromBinary, type Registry } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { type Channel, Code, codeFrom, createChannel, createClient, RpcError } from "@grpc-study/rpc";
import { ServerReflection } from "@grpc-study/rpc/reflection";
import { type Descriptors, DescriptorsError, isOwnService, servicesIn, toRegistry } from "./descriptors.ts";
import { linkFiles } from "./link-files.ts";
import type { TypeSource } from "./type-source.ts";

/** The options of `reflectServices`. */
export interface ReflectOptions {
  /** Time limit in milliseconds. Default: 10,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Maximum size of a response, in bytes, for an upstream given as `host:port`. Default: 64 MiB. A
   * channel has its own limit, 4 MiB by default.
   */
  readonly maxResponseBytes?: number | undefined;
  /**
   * The result of an earlier call for the same server. It is returned again if the server still
   * sends the same services and files. Default: none.
   */
  readonly previous?: Descriptors | undefined;
}

const defaultTimeoutMs = 10_000;
const defaultMaxResponseBytes = 64 * 1024 * 1024;

/** What the server sent for each result. */
const versions = new WeakMap<Descriptors, string>();

/**
 * Reads the services of a server by reflection (`grpc.reflection.v1`, or else `v1alpha`), except
 * its health and reflection services. Requests each file once.
 *
 * @param upstream `host:port` in plaintext, or a channel.
 * @throws DescriptorsError if the server has no reflection, does not respond in time, or sends
 *   incomplete files.
 */
export async function reflectServices(upstream: string | Channel, options: ReflectOptions = {}): Promise<Descriptors> {
  const server = new ReflectedServer(upstream, options);
  const listed = await server.query(async (call) => {
    const names = (await call.services()).filter((name) => !isOwnService(name));
    const covered = new Set<string>();
    for (const name of names) {
      if (covered.has(name)) continue;
      for (const file of await call.fileOf(name)) for (const service of servicesOf(file)) covered.add(service);
    }
    await call.imports();
    return { names: new Set(names), files: call.files, version: call.version(names) };
  });
  const { previous } = options;
  if (previous !== undefined && versions.get(previous) === listed.version) return previous;
  const registry = toRegistry(linkFiles(listed.files));
  const services = servicesIn(registry).filter(({ typeName }) => listed.names.has(typeName));
  const descriptors = { services, registry, typeSource: new ReflectedTypes(server, listed.files) };
  versions.set(descriptors, listed.version);
  return descriptors;
}

function servicesOf({ package: scope, service }: FileDescriptorProto): string[] {
  return service.map(({ name }) => (scope === "" ? name : `${scope}.${name}`));
}

/** Makes reflection calls, and remembers the version that the server supports. */
class ReflectedServer {
  readonly #upstream: string | Channel;
  readonly #timeoutMs: number;
  readonly #maxResponseBytes: number;
  #version: typeof ServerReflection | undefined;

  constructor(upstream: string | Channel, { timeoutMs, maxResponseBytes }: ReflectOptions) {
    this.#upstream = upstream;
    this.#timeoutMs = timeoutMs ?? defaultTimeoutMs;
    this.#maxResponseBytes = maxResponseBytes ?? defaultMaxResponseBytes;
  }

  /**
   * Makes a call, and closes it once `use` has finished.
   *
   * @throws DescriptorsError if the call fails.
   */
  async query<Result>(use: (call: ReflectionCall) => Promise<Result>, maxMs = Number.POSITIVE_INFINITY): Promise<Result> {
    const limits = { maxReceiveMessageBytes: this.#maxResponseBytes };
    const upstream = this.#upstream;
    const channel = typeof upstream === "string" ? createChannel(upstream, { limits }) : upstream;
    const timeoutMs = Math.min(this.#timeoutMs, maxMs);
    const withVersion = async (version: typeof ServerReflection) => {
      using call = new ReflectionCall(channel, version, timeoutMs);
      const result = await use(call);
      this.#version = version;
      return result;
    };
    try {
      if (this.#version !== undefined) return await withVersion(this.#version);
      try {
        return await withVersion(ServerReflection);
      } catch (error) {
        if (!isUnimplemented(error)) throw error;
        return await withVersion(v1alpha());
      }
    } catch (error) {
      throw explain(error, channel, timeoutMs);
    } finally {
      if (channel !== upstream) channel.close();
    }
  }
}

/** The service of `v1alpha`, whose messages equal those of `v1`. */
function v1alpha(): typeof ServerReflection {
  const typeName = "grpc.reflection.v1alpha.ServerReflection";
  const service = { ...ServerReflection, typeName } as typeof ServerReflection;
  const methods = ServerReflection.methods.map((method) => ({ ...method, parent: service }));
  return Object.assign(service, { methods, method: { serverReflectionInfo: methods[0] } });
}

/** Maximum number of pipelined file requests. */
const maxPipelined = 16;

class ReflectionCall implements Disposable {
  readonly #call;
  /** All received files, by name. */
  readonly files: Map<string, FileDescriptorProto>;
  readonly #hashes = new Map<string, string>();

  constructor(channel: Channel, version: typeof ServerReflection, timeoutMs: number, files = new Map<string, FileDescriptorProto>()) {
    this.#call = createClient(version, channel).serverReflectionInfo({ timeoutMs });
    this.files = files;
  }

  async services(): Promise<string[]> {
    await this.#call.send({ messageRequest: { case: "listServices", value: "*" } });
    const listed = await this.#receive();
    return listed.case === "listServicesResponse" ? listed.value.service.map(({ name }) => name) : [];
  }

  /**
   * Requests the file that declares a symbol. Returns it with the files that the server sends
   * along.
   */
  async fileOf(symbol: string): Promise<FileDescriptorProto[]> {
    await this.#call.send({ messageRequest: { case: "fileContainingSymbol", value: symbol } });
    return this.#receiveFiles();
  }

  /** Requests the imports that the server has not sent with the files. */
  async imports(known: ReadonlyMap<string, FileDescriptorProto> = new Map()): Promise<void> {
    const requested = new Set<string>();
    for (let missing = this.#missing(known); missing.length > 0; missing = this.#missing(known)) {
      const again = missing.find((name) => requested.has(name));
      if (again !== undefined) throw new DescriptorsError(`the server did not send the file ${again}`);
      const names = missing.slice(0, maxPipelined);
      for (const name of names) {
        requested.add(name);
        await this.#call.send({ messageRequest: { case: "fileByFilename", value: name } });
      }
      for (const _ of names) await this.#receiveFiles();
    }
  }

  #missing(known: ReadonlyMap<string, unknown>): string[] {
    const wanted = new Set([...this.files.values()].flatMap(({ dependency }) => dependency));
    return [...wanted].filter((name) => !this.files.has(name) && !known.has(name));
  }

  async #receiveFiles(): Promise<FileDescriptorProto[]> {
    const response = await this.#receive();
    if (response.case !== "fileDescriptorResponse") throw new DescriptorsError("the server sent an unexpected reflection response");
    return response.value.fileDescriptorProto.map((bytes) => {
      const file = fromBinary(FileDescriptorProtoSchema, bytes);
      this.files.set(file.name, file);
      this.#hashes.set(file.name, createHash("sha256").update(bytes).digest("base64"));
      return file;
    });
  }

  /** Identifies the received files and the listed services, in any order. */
  version(services: readonly string[]): string {
    const files = [...this.#hashes].map(([name, hash]) => `${name} ${hash}`);
    return createHash("sha256")
      .update([...services.toSorted(), "", ...files.sort()].join("\n"))
      .digest("base64");
  }

  async #receive() {
    const response = (await this.#call.recv())?.messageResponse;
    if (response === undefined) throw new DescriptorsError("the server ended the reflection call without a response");
    if (response.case === "errorResponse")
      throw new RpcError(codeFrom(response.value.errorCode || Code.UNKNOWN), response.value.errorMessage);
    return response;
  }

  [Symbol.dispose](): void {
    this.#call.closeSend();
    this.#call.cancel();
  }
}

/** Milliseconds for which a response waits for the types in it. */
const findMs = 2_000;

/**
 * Milliseconds before an unknown type is requested again, because a new version of the server may
 * have it.
 */
const unknownMs = 60_000;

/** Maximum number of unknown types to remember. */
const maxUnknown = 1_000;

class ReflectedTypes implements TypeSource {
  readonly registry: Registry;
  readonly #server: ReflectedServer;
  readonly #files: ReadonlyMap<string, FileDescriptorProto>;
  readonly #found = createMutableRegistry();
  readonly #pending = new Map<string, Promise<void>>();
  /** The time at which each unknown type may be requested again. */
  readonly #unknown = new Map<string, number>();

  constructor(server: ReflectedServer, files: ReadonlyMap<string, FileDescriptorProto>) {
    this.registry = this.#found;
    this.#server = server;
    this.#files = files;
  }

  find(typeNames: readonly string[]): Promise<void> | undefined {
    const waits = typeNames.map((name) => this.#find(name)).filter((wait) => wait !== undefined);
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => {});
  }

  #find(name: string): Promise<void> | undefined {
    if (this.#found.getMessage(name) !== undefined || (this.#unknown.get(name) ?? 0) > performance.now()) return undefined;
    let wait = this.#pending.get(name);
    if (wait === undefined) {
      wait = this.#load(name)
        .catch(() => this.#markUnknown(name))
        .finally(() => this.#pending.delete(name));
      this.#pending.set(name, wait);
    }
    return wait;
  }

  async #load(name: string): Promise<void> {
    const files = await this.#server.query(async (call) => {
      await call.fileOf(name);
      await call.imports(this.#files);
      return call.files;
    }, findMs);
    for (const type of toRegistry(linkFiles(this.#withKnownImports(files)))) {
      if (this.#found.get(type.typeName) === undefined) this.#found.add(type);
    }
    if (this.#found.getMessage(name) === undefined) this.#markUnknown(name);
  }

  /** Adds the imports that were loaded at start. */
  #withKnownImports(files: ReadonlyMap<string, FileDescriptorProto>): Map<string, FileDescriptorProto> {
    const all = new Map(files);
    for (const { dependency } of all.values()) {
      for (const name of dependency) {
        const file = this.#files.get(name);
        if (file !== undefined && !all.has(name)) all.set(name, file);
      }
    }
    return all;
  }

  #markUnknown(name: string): void {
    const [oldest] = this.#unknown.keys();
    if (oldest !== undefined && this.#unknown.size >= maxUnknown) this.#unknown.delete(oldest);
    this.#unknown.set(name, performance.now() + unknownMs);
  }
}

function isUnimplemented(error: unknown): boolean {
  return error instanceof RpcError && error.code === Code.UNIMPLEMENTED;
}

function explain(error: unknown, { target }: Channel, timeoutMs: number): unknown {
  if (isUnimplemented(error))
    return new DescriptorsError(`${target} does not support reflection: use a descriptor set instead`, { cause: error });
  if (!(error instanceof RpcError)) return error;
  const hint =
    error.code === Code.DEADLINE_EXCEEDED
      ? ` (after ${timeoutMs} ms; increase --reflection-timeout)`
      : error.code === Code.RESOURCE_EXHAUSTED
        ? " (increase limits.maxReceiveMessageBytes of the channel)"
        : "";
  return new DescriptorsError(`reflection of ${target} failed: ${error.message}${hint}`, { cause: error });
}
