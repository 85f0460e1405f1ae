// The descriptors that the servers return by reflection, and their default ports, match the
// contract exactly.
import {
  create,
  createFileRegistry,
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescService,
  fromBinary,
  ScalarType,
} from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@grpc-study/rpc";
import { ServerReflection } from "@grpc-study/rpc/reflection";
import { describe, expect, test } from "vitest";
import { topics } from "./contract/index.ts";
import { addressOf } from "./harness/address-of.ts";
import { serverMain } from "./harness/paths.ts";
import { run } from "./harness/process.ts";

const help = run(process.execPath, [serverMain, "--help"]);

test("the contract has each topic that the command serves", async () => {
  const { stdout } = await help;
  const list = stdout.split("\nTopics:\n")[1]?.split("\n\n")[0] ?? "";
  expect([...list.matchAll(/^ {2}(\S+)/gm)].map(([, name]) => name)).toEqual(topics.map(({ name }) => name));
});

describe.each(topics)("the $name server", ({ name, definition, listeners }) => {
  test("serves the methods of the contract, with its messages, fields, numbers and types", async () => {
    const services = await reflect(addressOf(name));
    // Sort the services as in the contract; the server has its own order.
    const position = (service: DescService) => definition.findIndex((line) => line.startsWith(`/${service.typeName}/`));
    expect(services.toSorted((a, b) => position(a) - position(b)).flatMap(define)).toEqual(definition);
  });

  test("listens on the tutorial's port by default", async () => {
    const { stdout } = await help;
    const line = stdout.split("\n").find((line) => line.trimStart().startsWith(`${name} `));
    expect(line).toMatch(new RegExp(`\\(${listeners.map(({ port }) => port).join(", ")}\\)$`));
  });
});

/** Reads the services of a server by reflection, except those named grpc.*. */
async function reflect(address: string): Promise<DescService[]> {
  using client = createClient(ServerReflection, address);
  const ask = client.serverReflectionInfo();
  const answer = async (question: Parameters<typeof ask.send>[0]) => {
    await ask.send(question);
    return (await ask.recv())?.messageResponse;
  };

  const listed = await answer({ messageRequest: { case: "listServices", value: "" } });
  if (listed?.case !== "listServicesResponse") throw new Error(`expected a list of services, got ${listed?.case}`);
  const services: DescService[] = [];
  // The server sends a file only once on a stream.
  const files: FileDescriptorProto[] = [];
  for (const { name } of listed.value.service.filter(({ name }) => !name.startsWith("grpc."))) {
    const found = await answer({ messageRequest: { case: "fileContainingSymbol", value: name } });
    if (found?.case !== "fileDescriptorResponse") throw new Error(`expected a file descriptor for ${name}, got ${found?.case}`);
    files.push(...found.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes)));
    const home = files.find((file) => file.service.some((service) => [file.package, service.name].filter(Boolean).join(".") === name));
    const service = createFileRegistry(create(FileDescriptorSetSchema, { file: withImports(home, files) })).getService(name);
    if (service === undefined) throw new Error(`the file descriptor has no service ${name}`);
    services.push(service);
  }
  return services;
}

/** Returns a file, preceded by all of its imports. */
function withImports(home: FileDescriptorProto | undefined, files: readonly FileDescriptorProto[]): FileDescriptorProto[] {
  const ordered = new Set<FileDescriptorProto>();
  const visit = (file: FileDescriptorProto | undefined) => {
    if (file === undefined || ordered.has(file)) return;
    for (const path of file.dependency) visit(files.find(({ name }) => name === path));
    ordered.add(file);
  };
  visit(home);
  return [...ordered];
}

/**
 * Formats a service like the contract: its methods, then the messages that they use, in order of
 * first use.
 */
function define(service: DescService): string[] {
  const methods = service.methods.map((method) => `/${service.typeName}/${method.name} ${method.methodKind}`);
  const types = new Set<DescMessage | DescEnum>();
  const collect = (type: DescMessage | DescEnum | undefined) => {
    if (type === undefined || type.typeName.startsWith("google.") || types.has(type)) return;
    types.add(type);
    if (type.kind === "message") for (const field of type.fields) collect(typeOf(field));
  };
  for (const { input, output } of service.methods) for (const type of [input, output]) collect(type);
  return [...methods, ...[...types].map(defineType)];
}

function defineType(type: DescMessage | DescEnum): string {
  const parts =
    type.kind === "enum"
      ? type.values.map(({ name, number }) => `${name}=${number}`)
      : type.fields.map((field) => `${labelOf(field)}${typeOf(field)?.typeName ?? scalarOf(field)} ${field.name}=${field.number}`);
  return `${type.typeName}{${parts.join("; ")}}`;
}

const typeOf = (field: DescField) => field.message ?? field.enum;
const labelOf = (field: DescField) => (field.fieldKind === "list" ? "repeated " : "");
const scalarOf = ({ scalar }: DescField) => (scalar === undefined ? "?" : ScalarType[scalar].toLowerCase());
