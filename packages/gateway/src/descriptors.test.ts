import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { create, createFileRegistry, fromBinary, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { Code, createServer, implement, RpcError } from "@grpc-study/rpc";
import { ServerReflection } from "@grpc-study/rpc/reflection";
import { expect, test } from "vitest";
import { type Descriptors, readDescriptors } from "./descriptors.ts";
import { allBindings } from "./http-rule/all-bindings.ts";
import { reflectServices } from "./reflection.ts";

const bytes = readFileSync(new URL("../test/gen/library.binpb", import.meta.url));
const library = fromBinary(FileDescriptorSetSchema, bytes).file;

/** Reflects a server that sends these files, all at once or by name. */
async function reflect(files: readonly FileDescriptorProto[], atOnce: boolean): Promise<Descriptors> {
  const server = createServer();
  const respond = (found: readonly FileDescriptorProto[]) => {
    if (found.length === 0) return { case: "errorResponse", value: { errorCode: Code.NOT_FOUND, errorMessage: "no such file" } } as const;
    const fileDescriptorProto = found.map((file) => toBinary(FileDescriptorProtoSchema, file));
    return { case: "fileDescriptorResponse", value: { fileDescriptorProto } } as const;
  };
  server.add(
    implement(ServerReflection, {
      async *serverReflectionInfo(requests) {
        for await (const { messageRequest } of requests) {
          if (messageRequest.case === "listServices") {
            yield { messageResponse: { case: "listServicesResponse", value: { service: [{ name: "library.v1.LibraryService" }] } } };
          } else {
            const wanted = messageRequest.case === "fileByFilename" ? messageRequest.value : "library.proto";
            yield { messageResponse: respond(atOnce ? files : files.filter(({ name }) => name === wanted)) };
          }
        }
      },
    }),
  );
  try {
    return await reflectServices(server.channel());
  } finally {
    await server.shutdown({ graceMs: 0 });
  }
}

const names = ({ services }: Descriptors) => services.map(({ typeName }) => typeName);

test("reads the services of a descriptor set", () => {
  expect(names(readDescriptors(bytes))).toEqual(["library.v1.LibraryService"]);
});

const rulesOf = ({ services }: Descriptors) => allBindings({ upstreams: [{ name: "x", services }] }).map(({ template }) => template.text);
const complete = rulesOf(readDescriptors(bytes));

test.each<[string, () => Uint8Array]>([
  ["sorted by name", () => setOf(library.toSorted((one, other) => (one.name < other.name ? -1 : 1)))],
  ["in reverse order", () => setOf(library.toReversed())],
  ["gzipped", () => gzipSync(bytes)],
  ["in JSON", () => Buffer.from(JSON.stringify(json()))],
  ["in JSON, indented, after an empty line", () => Buffer.from(`\n${JSON.stringify(json(), undefined, 2)}`)],
  ["in gzipped JSON, in reverse order", () => gzipSync(JSON.stringify({ file: (json() as { file: unknown[] }).file.toReversed() }))],
])("a descriptor set %s has the same rules", (_form, set) => {
  expect(complete.length).toBeGreaterThan(10);
  expect(rulesOf(readDescriptors(set()))).toEqual(complete);
});

/** The format of `buf build -o library.json`. */
function json(): JsonValue {
  const set = fromBinary(FileDescriptorSetSchema, bytes);
  return toJson(FileDescriptorSetSchema, set, { registry: createFileRegistry(set) });
}

const setOf = (file: readonly FileDescriptorProto[]) =>
  toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [...file] }));

test("excludes only the services that the gateway uses itself, not all grpc.* packages", () => {
  const service = (name: string) => ({ name });
  const set = setOf([
    create(FileDescriptorProtoSchema, { name: "a.proto", package: "grpc.gateway.examples", service: [service("Echo")], syntax: "proto3" }),
    create(FileDescriptorProtoSchema, {
      name: "b.proto",
      package: "grpc.health.v1",
      service: [service("Health"), service("More")],
      syntax: "proto3",
    }),
    create(FileDescriptorProtoSchema, {
      name: "c.proto",
      package: "grpc.reflection.v1",
      service: [service("ServerReflection")],
      syntax: "proto3",
    }),
    create(FileDescriptorProtoSchema, {
      name: "d.proto",
      package: "grpc.reflection.v1alpha",
      service: [service("ServerReflection")],
      syntax: "proto3",
    }),
    create(FileDescriptorProtoSchema, { name: "e.proto", package: "grpc", service: [service("X")], syntax: "proto3" }),
  ]);
  expect(names(readDescriptors(set))).toEqual(["grpc.gateway.examples.Echo", "grpc.health.v1.More", "grpc.X"]);
});

test.each([
  ["JSON of something else", Buffer.from('{"file":5}'), /^not a descriptor set in JSON: /],
  ["malformed JSON", Buffer.from("{"), /^not a descriptor set in JSON: /],
  ["malformed gzip", Buffer.of(0x1f, 0x8b, 1, 2), /^malformed gzip: /],
])("%s throws", (_, wrong, message) => {
  expect(() => readDescriptors(wrong)).toThrow(message);
});

test.each([
  ["are not a descriptor set", Buffer.from("hello"), /^not a descriptor set: /],
  [
    "lack an import",
    toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: library.slice(1) })),
    /^the descriptors are incomplete: /,
  ],
])("bytes that %s throw a DescriptorsError", (_, wrong, message) => {
  expect(() => readDescriptors(wrong)).toThrow(
    expect.objectContaining({ name: "DescriptorsError", message: expect.stringMatching(message) }),
  );
});

test("reflection requests the imports that the server has not sent", async () => {
  expect(names(await reflect(library, false))).toEqual(["library.v1.LibraryService"]);
});

test("reflection sorts files that omit their imports", async () => {
  const bare = library.map((file) => ({ ...file, dependency: [], publicDependency: [] }));
  for (const files of [bare, bare.toReversed()]) expect(names(await reflect(files, true))).toEqual(["library.v1.LibraryService"]);
});

test("reflection resolves relative type names from the innermost scope", async () => {
  const relative = library.map((file) => {
    const shorten = (scope: string, { name, nestedType, field, ...message }: DescriptorProto): DescriptorProto => ({
      ...message,
      name,
      nestedType: nestedType.map((nested) => shorten(`${scope}${name}.`, nested)),
      field: field.map((one) => ({ ...one, typeName: one.typeName.replace(`${scope}${name}.`, "").replace(scope, "").replace(/^\./, "") })),
    });
    return { ...file, messageType: file.messageType.map((message) => shorten(`.${file.package}.`, message)) };
  });
  const { services } = await reflect(relative, true);
  const types = (given: Descriptors["services"]) =>
    given.flatMap(({ methods }) =>
      methods.flatMap(({ input }) => input.fields.map((field) => [field.toString(), field.message?.typeName])),
    );
  expect(types(services)).toEqual(types(readDescriptors(bytes).services));
});

test("reflection ignores fields that repeat an extension, as protobufjs sends them", async () => {
  const name = ".google.api.http";
  const extended = ({ messageType, ...file }: FileDescriptorProto) => ({
    ...file,
    messageType: messageType.map((message) =>
      message.name === "MethodOptions"
        ? { ...message, field: [...message.field, { ...message.field[0], name } as FieldDescriptorProto] }
        : message,
    ),
  });
  expect(names(await reflect(library.map(extended), true))).toEqual(["library.v1.LibraryService"]);
});

test("reflection throws an error that names a missing file", async () => {
  const without = library.filter(({ name }) => name !== "google/protobuf/empty.proto");
  await expect(reflect(without, false)).rejects.toThrow(/no such file/);
  const bare = without.map((file) => ({ ...file, dependency: [] }));
  await expect(reflect(bare, true)).rejects.toThrow(/^the descriptors are incomplete: .* not found$/);
});

test("reflection throws an error if the server does not support it", async () => {
  const server = createServer();
  await expect(reflectServices(server.channel())).rejects.toMatchObject({
    name: "DescriptorsError",
    message: expect.stringMatching(/ does not support reflection: use a descriptor set instead$/),
    cause: expect.any(RpcError),
  });
  await server.shutdown({ graceMs: 0 });
});
