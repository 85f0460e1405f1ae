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

/** Reflects a server that answers with these files, all at once or by name. */
async function reflect(files: readonly FileDescriptorProto[], atOnce: boolean): Promise<Descriptors> {
  const server = createServer();
  const answer = (found: readonly FileDescriptorProto[]) => {
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
            yield { messageResponse: answer(atOnce ? files : files.filter(({ name }) => name === wanted)) };
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

test("a descriptor set has its services", () => {
  expect(names(readDescriptors(bytes))).toEqual(["library.v1.LibraryService"]);
});

const rulesOf = ({ services }: Descriptors) => allBindings({ upstreams: [{ name: "x", services }] }).map(({ template }) => template.text);
const complete = rulesOf(readDescriptors(bytes));

test.each<[string, () => Uint8Array]>([
  ["in the order of the alphabet", () => setOf(library.toSorted((one, other) => (one.name < other.name ? -1 : 1)))],
  ["in reverse", () => setOf(library.toReversed())],
  ["gzipped", () => gzipSync(bytes)],
  ["in JSON", () => Buffer.from(JSON.stringify(json()))],
  ["in JSON, indented, after an empty line", () => Buffer.from(`\n${JSON.stringify(json(), undefined, 2)}`)],
  ["in gzipped JSON, in reverse", () => gzipSync(JSON.stringify({ file: (json() as { file: unknown[] }).file.toReversed() }))],
])("a descriptor set may be %s: it has the same rules", (_form, set) => {
  expect(complete.length).toBeGreaterThan(10);
  expect(rulesOf(readDescriptors(set()))).toEqual(complete);
});

/** As `buf build -o library.json` writes it. */
function json(): JsonValue {
  const set = fromBinary(FileDescriptorSetSchema, bytes);
  return toJson(FileDescriptorSetSchema, set, { registry: createFileRegistry(set) });
}

const setOf = (file: readonly FileDescriptorProto[]) =>
  toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [...file] }));

test("packages may begin with grpc.: only the gateway's own services are not served", () => {
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
  ["JSON of something else", Buffer.from('{"file":5}'), /^this JSON is no descriptor set: /],
  ["malformed JSON", Buffer.from("{"), /^this JSON is no descriptor set: /],
  ["malformed gzip", Buffer.of(0x1f, 0x8b, 1, 2), /^these bytes are malformed gzip: /],
])("%s is an error", (_, wrong, message) => {
  expect(() => readDescriptors(wrong)).toThrow(message);
});

test.each([
  ["are no descriptor set", Buffer.from("hello"), /^these bytes are no descriptor set: /],
  [
    "lack an import",
    toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: library.slice(1) })),
    /^the descriptors are not complete: /,
  ],
])("bytes that %s are an error", (_, wrong, message) => {
  expect(() => readDescriptors(wrong)).toThrow(
    expect.objectContaining({ name: "DescriptorsError", message: expect.stringMatching(message) }),
  );
});

test("reflection asks for the imports that a server has not sent", async () => {
  expect(names(await reflect(library, false))).toEqual(["library.v1.LibraryService"]);
});

test("files that do not say which they import, in any order, are put in one", async () => {
  const bare = library.map((file) => ({ ...file, dependency: [], publicDependency: [] }));
  for (const files of [bare, bare.toReversed()]) expect(names(await reflect(files, true))).toEqual(["library.v1.LibraryService"]);
});

test("names of types that are relative are looked up from the inside out", async () => {
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

test("an extension that is a field, too, as protobufjs has it, is no field", async () => {
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

test("reflection that lacks a file is an error which names it", async () => {
  const without = library.filter(({ name }) => name !== "google/protobuf/empty.proto");
  await expect(reflect(without, false)).rejects.toThrow(/no such file/);
  const bare = without.map((file) => ({ ...file, dependency: [] }));
  await expect(reflect(bare, true)).rejects.toThrow(/^the descriptors are not complete: .* not found$/);
});

test("a server without reflection is an error which says so", async () => {
  const server = createServer();
  await expect(reflectServices(server.channel())).rejects.toMatchObject({
    name: "DescriptorsError",
    message: expect.stringMatching(/ has no reflection: give its descriptors instead$/),
    cause: expect.any(RpcError),
  });
  await server.shutdown({ graceMs: 0 });
});
