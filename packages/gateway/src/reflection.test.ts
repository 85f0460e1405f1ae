// Server reflection: requests each file once, accepts large files, and finds further types when a
// response contains them.

import { setTimeout as delay } from "node:timers/promises";
import { create, createFileRegistry, type DescService, type Message, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type Any,
  AnySchema,
  anyPack,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  FieldDescriptorProto_Label as Label,
  StringValueSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { Code, createServer, type Handlers, implement, RpcError, type ServerOptions } from "@grpc-study/rpc";
import { ServerReflection } from "@grpc-study/rpc/reflection";
import { expect, onTestFinished, test } from "vitest";
import { listen } from "../test/gateway.ts";
import { reflectServices } from "./reflection.ts";

const message = (name: string, fields: readonly (readonly [name: string, type: Type, typeName?: string])[] = [], repeated = false) => ({
  name,
  field: fields.map(([name, type, typeName = ""], index) => ({
    name,
    jsonName: name,
    number: index + 1,
    type,
    typeName,
    label: repeated ? Label.REPEATED : Label.OPTIONAL,
  })),
});

const file = (name: string, more: MessageInitShape<typeof FileDescriptorProtoSchema>): FileDescriptorProto =>
  create(FileDescriptorProtoSchema, { package: "big", syntax: "proto3", ...more, name });

const method = (name: string, output: string, serverStreaming = false) => ({
  name,
  inputType: ".big.Empty",
  outputType: output,
  serverStreaming,
});

const anyProto = file_google_protobuf_any.proto;

/** A hundred services in one file, and one service in another file that imports it. */
const services = file("services.proto", {
  dependency: ["any.proto"],
  messageType: [
    message("Empty"),
    message("Holder", [["detail", Type.MESSAGE, ".google.protobuf.Any"]]),
    message("Holders", [["all", Type.MESSAGE, ".big.Holder"]], true),
  ],
  service: Array.from({ length: 100 }, (_, index) => ({
    name: `S${index}`,
    method: [
      method("Get", ".big.Holder"),
      method("List", ".big.Holders"),
      method("Watch", ".big.Holder", true),
      method("Fail", ".big.Empty"),
    ],
  })),
});
const other = file("other.proto", { dependency: ["services.proto"], service: [{ name: "Other", method: [method("Get", ".big.Empty")] }] });
/** No service imports these files. */
const secret = file("secret.proto", {
  dependency: ["services.proto"],
  messageType: [
    message("Secret", [
      ["word", Type.STRING],
      ["holder", Type.MESSAGE, ".big.Holder"],
    ]),
  ],
});
const inner = file("inner.proto", { messageType: [message("Inner", [["depth", Type.INT32]])] });
const any = create(FileDescriptorProtoSchema, { ...anyProto, name: "any.proto" });

const all = [services, other, secret, inner, any];
const registry = createFileRegistry(create(FileDescriptorProtoSchema, inner), () => undefined);
const whole = createFileRegistry({ $typeName: "google.protobuf.FileDescriptorSet", file: [any, services, other, secret, inner] });

const fileOf = (symbol: string) =>
  all.find(({ messageType, service, package: scope }) => [...messageType, ...service].some(({ name }) => `${scope}.${name}` === symbol));

interface Started {
  readonly requested: string[];
  readonly address: string;
  readonly channel: ReturnType<ReturnType<typeof createServer>["channel"]>;
}

async function start(delayMs = 0, handlers: object = {}, options: ServerOptions = {}): Promise<Started> {
  const requested: string[] = [];
  const server = createServer(options);
  server.add(
    implement(ServerReflection, {
      async *serverReflectionInfo(requests) {
        for await (const { messageRequest } of requests) {
          await delay(delayMs);
          if (messageRequest.case === "listServices") {
            const names = [...services.service.map(({ name }) => `big.${name}`), "big.Other", "grpc.reflection.v1.ServerReflection"];
            yield { messageResponse: { case: "listServicesResponse", value: { service: names.map((name) => ({ name })) } } };
            continue;
          }
          const { value } = messageRequest;
          requested.push(`${messageRequest.case} ${String(value)}`);
          const found = messageRequest.case === "fileByFilename" ? all.find(({ name }) => name === value) : fileOf(String(value));
          yield found === undefined
            ? { messageResponse: { case: "errorResponse", value: { errorCode: Code.NOT_FOUND, errorMessage: "no such symbol" } } }
            : {
                messageResponse: {
                  case: "fileDescriptorResponse",
                  value: { fileDescriptorProto: [toBinary(FileDescriptorProtoSchema, found)] },
                },
              };
        }
      },
    }),
  );
  const s0 = whole.getService("big.S0") as DescService;
  server.add(implement(s0, handlers as Handlers<DescService>));
  onTestFinished(() => server.shutdown({ graceMs: 0, abortMs: 0 }).then(() => {}));
  const { address } = await server.listen("127.0.0.1:0");
  return { requested, address, channel: server.channel() };
}

test("requests each file once, regardless of its number of services", async () => {
  const { requested, channel } = await start();
  const { services } = await reflectServices(channel);
  expect(services).toHaveLength(101);
  expect(requested).toEqual(["fileContainingSymbol big.S0", "fileContainingSymbol big.Other", "fileByFilename any.proto"]);
});

test("returns the previous result if the server still sends the same", async () => {
  const [one, same] = [await start(), await start()];
  const first = await reflectServices(one.channel);
  expect(await reflectServices(one.channel, { previous: first })).toBe(first);
  // Another server with the same files stands for one that has restarted.
  expect(await reflectServices(same.channel, { previous: first })).toBe(first);
  const before = services.service.pop();
  try {
    const changed = await reflectServices(one.channel, { previous: first });
    expect([changed === first, changed.services.length]).toEqual([false, 100]);
  } finally {
    if (before !== undefined) services.service.push(before);
  }
});

test("accepts files of more than four megabytes", async () => {
  const large = file("large.proto", {
    messageType: Array.from({ length: 6 }, (_, index) => message(`M${index}${"x".repeat(2 ** 20)}`)),
    service: [{ name: "Large" }],
  });
  const bytes = toBinary(FileDescriptorProtoSchema, large);
  expect(bytes.length).toBeGreaterThan(4.5 * 2 ** 20);
  const server = createServer();
  server.add(
    implement(ServerReflection, {
      async *serverReflectionInfo(requests) {
        for await (const { messageRequest } of requests) {
          if (messageRequest.case === "listServices")
            yield { messageResponse: { case: "listServicesResponse", value: { service: [{ name: "big.Large" }] } } };
          else yield { messageResponse: { case: "fileDescriptorResponse", value: { fileDescriptorProto: [bytes] } } };
        }
      },
    }),
  );
  onTestFinished(() => server.shutdown({ graceMs: 0 }).then(() => {}));
  const { address } = await server.listen("127.0.0.1:0");
  expect((await reflectServices(address)).services).toHaveLength(1);
  await expect(reflectServices(address, { maxResponseBytes: 2 ** 20 })).rejects.toThrow("the limit is 1048576");
});

test("timeoutMs limits the reflection call", async () => {
  const { channel } = await start(60);
  await expect(reflectServices(channel, { timeoutMs: 100 })).rejects.toMatchObject({
    name: "DescriptorsError",
    message: expect.stringContaining("--reflection-timeout"),
  });
  expect((await reflectServices(channel, { timeoutMs: 20_000 })).services).toHaveLength(101);
});

const secretType = whole.getMessage("big.Secret");
const innerType = registry.getMessage("big.Inner");

function packed(init: object, schema = secretType): Any {
  if (schema === undefined) throw new Error("type not found");
  return anyPack(schema, create(schema, init as never) as Message);
}

const holding = (detail: Any) => ({ detail });
const unknown = create(AnySchema, { typeUrl: "type.googleapis.com/big.Unheard", value: new Uint8Array([1]) });

async function gatewayOf(handlers: object) {
  const started = await start(0, handlers);
  const { services, registry, typeSource } = await reflectServices(started.channel);
  started.requested.length = 0;
  const { url } = await listen({
    services: services.filter(({ typeName }) => typeName === "big.S0"),
    upstream: started.address,
    unbound: true,
    registry,
    typeSource,
  });
  const call = (name: string) =>
    fetch(`${url}/big.S0/${name}`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
  return { ...started, call };
}

test("requests an unknown type once when a response contains it, and types nested in it", async () => {
  const nested = packed({ word: "psst", holder: holding(packed({ depth: 3 }, innerType)) });
  const { requested, call } = await gatewayOf({
    get: () => holding(nested),
    list: () => ({ all: [holding(nested), holding(packed({ word: "b" }))] }),
  });
  const json = {
    "@type": "type.googleapis.com/big.Secret",
    word: "psst",
    holder: { detail: { "@type": "type.googleapis.com/big.Inner", depth: 3 } },
  };
  expect(await (await call("Get")).json()).toEqual({ detail: json });
  expect(await (await call("List")).json()).toEqual({
    all: [{ detail: json }, { detail: { "@type": "type.googleapis.com/big.Secret", word: "b" } }],
  });
  expect(requested).toEqual(["fileContainingSymbol big.Secret", "fileContainingSymbol big.Inner"]);
});

test("requests unknown types in streams and error details", async () => {
  const { requested, call } = await gatewayOf({
    *watch() {
      yield holding(packed({ word: "one" }));
      yield holding(packed({ word: "two" }));
    },
    fail() {
      throw new RpcError(Code.ABORTED, "no", { details: [packed({ word: "why" })] });
    },
  });
  expect(await (await call("Fail")).json()).toMatchObject({ details: [{ "@type": "type.googleapis.com/big.Secret", word: "why" }] });
  const lines = (await (await call("Watch")).text()).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).result.detail.word)).toEqual(["one", "two"]);
  expect(requested).toEqual(["fileContainingSymbol big.Secret"]);
});

test("requests a type that the server does not know once, and prints it as bytes", async () => {
  const { requested, call } = await gatewayOf({ get: () => holding(unknown) });
  for (let times = 0; times < 5; times++) {
    expect(await (await call("Get")).json()).toEqual({ detail: { "@type": "type.googleapis.com/big.Unheard", value: "AQ==" } });
  }
  expect(requested).toEqual(["fileContainingSymbol big.Unheard"]);
});

test("does not request known types", async () => {
  const { requested, call } = await gatewayOf({
    get: () => holding(anyPack(StringValueSchema, create(StringValueSchema, { value: "v" }))),
  });
  expect(await (await call("Get")).json()).toEqual({ detail: { "@type": "type.googleapis.com/google.protobuf.StringValue", value: "v" } });
  expect(requested).toEqual([]);
});
