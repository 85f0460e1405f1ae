// The index that server reflection uses: the files of the services and their imports.
import { type DescExtension, type DescFile, type DescMessage, type DescService, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/**
 * Finds files by name, by symbol and by extension. Files without a package may define the same
 * name. The first file then has precedence, and the services' own files come before their imports.
 */
export class FileIndex {
  readonly #files = new Map<string, DescFile>();
  readonly #symbols = new Map<string, DescFile>();
  readonly #extensions = new Map<string, Map<number, DescFile>>();

  constructor(services: readonly DescService[]) {
    // The loop also visits the entries that it adds: a Map iterates in insertion order.
    for (const { file } of services) this.#files.set(file.proto.name, file);
    for (const file of this.#files.values()) {
      for (const dependency of file.dependencies) {
        if (!this.#files.has(dependency.proto.name)) this.#files.set(dependency.proto.name, dependency);
      }
    }
    for (const service of services) this.#symbols.set(service.typeName, service.file);
    for (const file of this.#files.values()) this.#addFile(file);
  }

  file(name: string): DescFile | undefined {
    return this.#files.get(name);
  }

  fileOfSymbol(name: string): DescFile | undefined {
    return this.#symbols.get(name.replace(/^\./, ""));
  }

  fileOfExtension(extendee: string, number: number): DescFile | undefined {
    return this.#extensions.get(extendee)?.get(number);
  }

  /** Returns undefined if the message does not exist. */
  extensionNumbers(extendee: string): number[] | undefined {
    if (!this.#symbols.has(extendee)) return undefined;
    return [...(this.#extensions.get(extendee)?.keys() ?? [])].sort((a, b) => a - b);
  }

  #addFile(file: DescFile): void {
    for (const message of file.messages) this.#addMessage(message);
    for (const { typeName, values } of file.enums) {
      this.#addSymbol(typeName, file);
      for (const { name } of values) this.#addSymbol(sibling(typeName, name), file);
    }
    for (const extension of file.extensions) this.#addExtension(extension);
    for (const service of file.services) {
      this.#addSymbol(service.typeName, file);
      for (const { name } of service.methods) this.#addSymbol(`${service.typeName}.${name}`, file);
    }
  }

  #addMessage(message: DescMessage): void {
    const { typeName, file } = message;
    this.#addSymbol(typeName, file);
    for (const { name } of [...message.fields, ...message.oneofs]) this.#addSymbol(`${typeName}.${name}`, file);
    for (const { typeName, values } of message.nestedEnums) {
      this.#addSymbol(typeName, file);
      for (const { name } of values) this.#addSymbol(sibling(typeName, name), file);
    }
    for (const extension of message.nestedExtensions) this.#addExtension(extension);
    for (const nested of message.nestedMessages) this.#addMessage(nested);
  }

  #addExtension({ typeName, number, extendee, file }: DescExtension): void {
    this.#addSymbol(typeName, file);
    const numbers = this.#extensions.get(extendee.typeName) ?? new Map<number, DescFile>();
    this.#extensions.set(extendee.typeName, numbers);
    numbers.set(number, file);
  }

  #addSymbol(name: string, file: DescFile): void {
    if (!this.#symbols.has(name)) this.#symbols.set(name, file);
  }
}

/** As in C++, the values of an enum are siblings of the enum. */
function sibling(typeName: string, name: string): string {
  return typeName.slice(0, typeName.lastIndexOf(".") + 1) + name;
}

/** Yields a file and all its imports, starting with the file. */
export function* withImports(file: DescFile, seen = new Set<DescFile>()): Generator<DescFile> {
  if (seen.has(file)) return;
  seen.add(file);
  yield file;
  for (const dependency of file.dependencies) yield* withImports(dependency, seen);
}

const serialized = new WeakMap<DescFile, Uint8Array>();

/**
 * Omits comments and source positions. They exceed the rest in size, and comments may be private.
 */
export function serializeFile(file: DescFile): Uint8Array {
  let bytes = serialized.get(file);
  if (bytes === undefined) {
    const { sourceCodeInfo: _, ...proto } = file.proto;
    bytes = toBinary(FileDescriptorProtoSchema, proto);
    serialized.set(file, bytes);
  }
  return bytes;
}
