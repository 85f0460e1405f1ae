import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { ServerReflection as Alpha } from "../../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { Unpackaged } from "../../../test/gen/unpackaged_pb.js";
import { ValidatedService } from "../../../test/gen/validated_pb.js";
import { serveBy, TestService, transports } from "../../../test/harness.ts";
import { Code, createClient, implement } from "../../index.ts";
import { ExtensionRequestSchema, ServerReflection, type ServerReflectionRequest } from "./index.ts";

type Question = Exclude<ServerReflectionRequest["messageRequest"], { case: undefined }>;

describe.each(transports)("%s", (transport) => {
  async function start() {
    const { server, channel } = await serveBy(transport, { reflection: true });
    server.add(implement(TestService, {}), implement(Unpackaged, {}));
    return channel;
  }

  async function ask(...questions: Question[]) {
    const client = createClient(ServerReflection, await start());
    const responses = await Array.fromAsync(client.serverReflectionInfo(questions.map((messageRequest) => ({ messageRequest }))));
    return responses.map(({ messageResponse }) => messageResponse);
  }

  function fileNames(response: Awaited<ReturnType<typeof ask>>[number] | undefined): string[] {
    if (response?.case !== "fileDescriptorResponse") throw new Error(JSON.stringify(response));
    return response.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
  }

  test("v1 and v1alpha list services by their full names, including those without a package", async () => {
    const expected = [
      "Unpackaged",
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
      "test.v1.TestService",
    ];
    const channel = await start();
    for (const service of [ServerReflection, Alpha]) {
      const client = createClient(service, channel);
      const call = client.serverReflectionInfo();
      await call.send({ host: "h", messageRequest: { case: "listServices", value: "" } });
      const response = await call.recv();
      call.closeSend();
      expect(response).toMatchObject({ validHost: "h", originalRequest: { messageRequest: { case: "listServices" } } });
      expect(response?.messageResponse).toMatchObject({ value: { service: expected.map((name) => ({ name })) } });
    }
  });

  test.each(["Unpackaged", "Unpackaged.Call", "Extendable", "Extendable.colour", "Colour", "RED", "label"])(
    "a lookup of the symbol %s returns its file and then the imports",
    async (symbol) => {
      const [response] = await ask({ case: "fileContainingSymbol", value: symbol });
      expect(fileNames(response)).toEqual(["unpackaged.proto", "test.proto"]);
    },
  );

  test("a lookup by file name omits imports that were sent on the stream before", async () => {
    const responses = await ask({ case: "fileByFilename", value: "test.proto" }, { case: "fileByFilename", value: "unpackaged.proto" });
    expect(responses.map(fileNames)).toEqual([["test.proto"], ["unpackaged.proto"]]);
  });

  test("a service with validation rules comes with the file that defines them and its imports", async () => {
    const { server, channel } = await serveBy(transport, { reflection: true });
    server.add(implement(ValidatedService, {}));
    const client = createClient(ServerReflection, channel);
    const [symbol, file, extension] = (
      await Promise.all(
        (
          [
            { case: "fileContainingSymbol", value: "test.v1.ValidatedService" },
            { case: "fileByFilename", value: "buf/validate/validate.proto" },
            {
              case: "fileContainingExtension",
              value: create(ExtensionRequestSchema, { containingType: "google.protobuf.FieldOptions", extensionNumber: 1159 }),
            },
          ] satisfies Question[]
        ).map((messageRequest) => Array.fromAsync(client.serverReflectionInfo([{ messageRequest }]))),
      )
    ).map(([response]) => fileNames(response?.messageResponse));
    const rules = [
      "buf/validate/validate.proto",
      "google/protobuf/descriptor.proto",
      "google/protobuf/duration.proto",
      "google/protobuf/field_mask.proto",
      "google/protobuf/timestamp.proto",
    ];
    expect(symbol).toEqual(["validated.proto", ...rules]);
    expect([file, extension]).toEqual([rules, rules]);
  });

  test("extensions are found by number, and the numbers by type", async () => {
    const [file, numbers, none] = await ask(
      {
        case: "fileContainingExtension",
        value: { $typeName: "grpc.reflection.v1.ExtensionRequest", containingType: "Extendable", extensionNumber: 101 },
      },
      { case: "allExtensionNumbersOfType", value: "Extendable" },
      { case: "allExtensionNumbersOfType", value: "test.v1.Request" },
    );
    expect(fileNames(file)).toEqual(["unpackaged.proto", "test.proto"]);
    expect(numbers?.value).toMatchObject({ baseTypeName: "Extendable", extensionNumber: [101] });
    expect(none?.value).toMatchObject({ extensionNumber: [] });
  });

  test("an unknown name is NOT_FOUND and part of the message, and the stream continues", async () => {
    const responses = await ask(
      { case: "fileByFilename", value: "nosuch.proto" },
      { case: "fileContainingSymbol", value: "nosuch" },
      { case: "allExtensionNumbersOfType", value: "nosuch" },
      {
        case: "fileContainingExtension",
        value: { $typeName: "grpc.reflection.v1.ExtensionRequest", containingType: "Extendable", extensionNumber: 7 },
      },
      { case: "fileByFilename", value: "test.proto" },
    );
    expect(responses.slice(0, 4).map(({ value }) => value)).toMatchObject([
      { errorCode: Code.NOT_FOUND, errorMessage: 'unknown file "nosuch.proto"' },
      { errorCode: Code.NOT_FOUND, errorMessage: 'unknown symbol "nosuch"' },
      { errorCode: Code.NOT_FOUND, errorMessage: 'unknown message "nosuch"' },
      { errorCode: Code.NOT_FOUND, errorMessage: 'unknown extension 7 of "Extendable"' },
    ]);
    expect(fileNames(responses[4])).toEqual(["test.proto"]);
  });

  test("a service that is added later is found", async () => {
    const { server, channel } = await serveBy(transport, { reflection: true });
    const client = createClient(ServerReflection, channel);
    const call = client.serverReflectionInfo();
    await call.send({ messageRequest: { case: "fileContainingSymbol", value: "Unpackaged" } });
    expect((await call.recv())?.messageResponse.case).toBe("errorResponse");
    server.add(implement(Unpackaged, {}));
    await call.send({ messageRequest: { case: "fileContainingSymbol", value: "Unpackaged" } });
    expect((await call.recv())?.messageResponse.case).toBe("fileDescriptorResponse");
    call.closeSend();
  });

  test("comments and source positions are not sent", async () => {
    const service = { name: "S", method: [{ name: "Call", inputType: ".commented.M", outputType: ".commented.M" }] };
    const sourceCodeInfo = { location: [{ path: [4, 0], span: [1, 0, 10], leadingComments: " our secret plans\n" }] };
    const proto = create(FileDescriptorProtoSchema, {
      name: "commented.proto",
      package: "commented",
      syntax: "proto3",
      messageType: [{ name: "M" }],
      service: [service],
      sourceCodeInfo,
    });
    const found = createFileRegistry(proto, () => undefined).getService("commented.S");
    if (found === undefined) throw new Error("the service is missing");
    const { server, channel } = await serveBy(transport, { reflection: true });
    server.add(implement(found, {}));
    const client = createClient(ServerReflection, channel);
    const [response] = await Array.fromAsync(
      client.serverReflectionInfo([{ messageRequest: { case: "fileContainingSymbol", value: "commented.S" } }]),
    );
    const answer = response?.messageResponse;
    if (answer?.case !== "fileDescriptorResponse") throw new Error(JSON.stringify(answer));
    const [file] = answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
    expect(file?.service).toEqual(proto.service);
    expect(file?.messageType).toEqual(proto.messageType);
    expect(file?.sourceCodeInfo).toBeUndefined();
    expect(found.file.proto.sourceCodeInfo).toBeDefined();
  });
});
