// A client of server reflection (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md): services at start, and types when they are needed.
import { createMutableRegistry, fromBinary, type Registry } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { type Channel, Code, codeFrom, createChannel, createClient, RpcError } from "@grpc-study/rpc";
import { ServerReflection } from "@grpc-study/rpc/reflection";
import { type Descriptors, DescriptorsError, isOwnService, servicesIn, toRegistry } from "./descriptors.ts";
import { linkFiles } from "./link-files.ts";
import type { TypeSource } from "./type-source.ts";

export interface ReflectOptions {
  /** How long it may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** The most bytes of an answer of an upstream that is given as `host:port`. Default 64 MiB. A channel has its own limit: 4 MiB, unless told. */
  readonly maxResponseBytes?: number | undefined;
}

const defaultTimeoutMs = 10_000;
const defaultMaxResponseBytes = 64 * 1024 * 1024;

/**
 * The services that a server tells of by reflection (`grpc.reflection.v1`, or `v1alpha` where there is no other), without its health and its reflection. Each
 * file is asked for once.
 *
 * @param upstream `host:port`, in plaintext, or a channel.
 * @throws DescriptorsError if it has no reflection, does not answer in time, or sends files that are not complete.
 */
export async function reflectServices(upstream: string | Channel, options: ReflectOptions = {}): Promise<Descriptors> {
  const server = new ReflectedServer(upstream, options);
  const listed = await server.ask(async (call) => {
    const names = (await call.services()).filter((name) => !isOwnService(name));
    const covered = new Set<string>();
    for (const name of names) {
      if (covered.has(name)) continue;
      for (const file of await call.fileOf(name)) for (const service of servicesOf(file)) covered.add(service);
    }
    await call.imports();
    return { names: new Set(names), files: call.files };
  });
  const registry = toRegistry(linkFiles(listed.files));
  const services = servicesIn(registry).filter(({ typeName }) => listed.names.has(typeName));
  return { services, registry, typeSource: new ReflectedTypes(server, listed.files) };
}

function servicesOf({ package: scope, service }: FileDescriptorProto): string[] {
  return service.map(({ name }) => (scope === "" ? name : `${scope}.${name}`));
}

/** The version that a server speaks, and calls of it. */
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

  /** Makes a call, and ends it when `use` is done. @throws DescriptorsError */
  async ask<Answer>(use: (call: ReflectionCall) => Promise<Answer>, mostMs = Number.POSITIVE_INFINITY): Promise<Answer> {
    const limits = { maxReceiveMessageBytes: this.#maxResponseBytes };
    const upstream = this.#upstream;
    const channel = typeof upstream === "string" ? createChannel(upstream, { limits }) : upstream;
    const timeoutMs = Math.min(this.#timeoutMs, mostMs);
    const by = async (version: typeof ServerReflection) => {
      using call = new ReflectionCall(channel, version, timeoutMs);
      const answer = await use(call);
      this.#version = version;
      return answer;
    };
    try {
      if (this.#version !== undefined) return await by(this.#version);
      try {
        return await by(ServerReflection);
      } catch (error) {
        if (!isUnimplemented(error)) throw error;
        return await by(alpha());
      }
    } catch (error) {
      throw explain(error, channel, timeoutMs);
    } finally {
      if (channel !== upstream) channel.close();
    }
  }
}

/** `v1alpha` has the messages of `v1`, field by field, and another name. */
function alpha(): typeof ServerReflection {
  const typeName = "grpc.reflection.v1alpha.ServerReflection";
  const service = { ...ServerReflection, typeName } as typeof ServerReflection;
  const methods = ServerReflection.methods.map((method) => ({ ...method, parent: service }));
  return Object.assign(service, { methods, method: { serverReflectionInfo: methods[0] } });
}

/** How many files are asked for before the first of them has come. */
const askedAtOnce = 16;

class ReflectionCall implements Disposable {
  readonly #call;
  /** By name, all that have come. */
  readonly files: Map<string, FileDescriptorProto>;

  constructor(channel: Channel, version: typeof ServerReflection, timeoutMs: number, files = new Map<string, FileDescriptorProto>()) {
    this.#call = createClient(version, channel).serverReflectionInfo({ timeoutMs });
    this.files = files;
  }

  async services(): Promise<string[]> {
    await this.#call.send({ messageRequest: { case: "listServices", value: "*" } });
    const listed = await this.#answer();
    return listed.case === "listServicesResponse" ? listed.value.service.map(({ name }) => name) : [];
  }

  /** The file that has a symbol, and what the server sends with it. */
  async fileOf(symbol: string): Promise<FileDescriptorProto[]> {
    await this.#call.send({ messageRequest: { case: "fileContainingSymbol", value: symbol } });
    return this.#take();
  }

  /** Asks for the imports that are missing: a server may send them with a file, or leave them to be asked for. */
  async imports(known: ReadonlyMap<string, FileDescriptorProto> = new Map()): Promise<void> {
    const asked = new Set<string>();
    for (let missing = this.#missing(known); missing.length > 0; missing = this.#missing(known)) {
      const again = missing.find((name) => asked.has(name));
      if (again !== undefined) throw new DescriptorsError(`the server does not send ${again}`);
      const names = missing.slice(0, askedAtOnce);
      for (const name of names) {
        asked.add(name);
        await this.#call.send({ messageRequest: { case: "fileByFilename", value: name } });
      }
      for (const _ of names) await this.#take();
    }
  }

  #missing(known: ReadonlyMap<string, unknown>): string[] {
    const wanted = new Set([...this.files.values()].flatMap(({ dependency }) => dependency));
    return [...wanted].filter((name) => !this.files.has(name) && !known.has(name));
  }

  async #take(): Promise<FileDescriptorProto[]> {
    const answer = await this.#answer();
    if (answer.case !== "fileDescriptorResponse") throw new DescriptorsError("the server answered something else than was asked for");
    const files = answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
    for (const file of files) this.files.set(file.name, file);
    return files;
  }

  async #answer() {
    const response = (await this.#call.recv())?.messageResponse;
    if (response === undefined) throw new DescriptorsError("the server ended the reflection call without an answer");
    if (response.case === "errorResponse")
      throw new RpcError(codeFrom(response.value.errorCode || Code.UNKNOWN), response.value.errorMessage);
    return response;
  }

  [Symbol.dispose](): void {
    this.#call.closeSend();
    this.#call.cancel();
  }
}

/** How long a response waits for the types in it, in milliseconds. */
const findMs = 2_000;

/** How long a type that was not found is not asked for again: the server may have been replaced by one that has it. */
const unknownMs = 60_000;

/** How many of them are remembered. */
const mostUnknown = 1_000;

class ReflectedTypes implements TypeSource {
  readonly registry: Registry;
  readonly #server: ReflectedServer;
  readonly #files: ReadonlyMap<string, FileDescriptorProto>;
  readonly #found = createMutableRegistry();
  readonly #asked = new Map<string, Promise<void>>();
  /** Until when, by name. */
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
    let wait = this.#asked.get(name);
    if (wait === undefined) {
      wait = this.#ask(name)
        .catch(() => this.#forget(name))
        .finally(() => this.#asked.delete(name));
      this.#asked.set(name, wait);
    }
    return wait;
  }

  async #ask(name: string): Promise<void> {
    const files = await this.#server.ask(async (call) => {
      await call.fileOf(name);
      await call.imports(this.#files);
      return call.files;
    }, findMs);
    for (const type of toRegistry(linkFiles(this.#withKnownImports(files)))) {
      if (this.#found.get(type.typeName) === undefined) this.#found.add(type);
    }
    if (this.#found.getMessage(name) === undefined) this.#forget(name);
  }

  /** The files that have come, and those from the start that they need. */
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

  #forget(name: string): void {
    const [oldest] = this.#unknown.keys();
    if (oldest !== undefined && this.#unknown.size >= mostUnknown) this.#unknown.delete(oldest);
    this.#unknown.set(name, performance.now() + unknownMs);
  }
}

function isUnimplemented(error: unknown): boolean {
  return error instanceof RpcError && error.code === Code.UNIMPLEMENTED;
}

function explain(error: unknown, { target }: Channel, timeoutMs: number): unknown {
  if (isUnimplemented(error)) return new DescriptorsError(`${target} has no reflection: give its descriptors instead`, { cause: error });
  if (!(error instanceof RpcError)) return error;
  const hint =
    error.code === Code.DEADLINE_EXCEEDED
      ? ` (within ${timeoutMs} ms; --reflection-timeout allows more)`
      : error.code === Code.RESOURCE_EXHAUSTED
        ? " (a channel of your own needs limits.maxReceiveMessageBytes for large files)"
        : "";
  return new DescriptorsError(`reflection of ${target} failed: ${error.message}${hint}`, { cause: error });
}
