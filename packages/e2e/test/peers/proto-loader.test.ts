import * as grpc from "@grpc/grpc-js";
import { Greeter } from "@grpc-study/proto/helloworld";
import { ProdService } from "@grpc-study/proto/shop";
import { Code, createClient, RpcError } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { addressOf } from "../harness/address-of.ts";
import { callWithLoader, createLoaderClient, load, loadMethod, serveLoader, serveReplayWithLoader } from "./proto-loader.ts";
import { testCalls, testServer } from "./suite.ts";

describe("a proto-loader client calls", () => testCalls(callWithLoader));

describe("a proto-loader server is called by", () => testServer(serveReplayWithLoader));

test("a proto-loader client finds the details of our errors in the trailer", async () => {
  using client = createLoaderClient(addressOf("shop"));
  const { path, requestSerialize, responseDeserialize } = loadMethod(ProdService.method.getProdStock);
  const error = await new Promise<grpc.ServiceError | null>((resolve) =>
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { prod_area: 9 }, resolve),
  );
  expect(error?.code).toBe(grpc.status.INVALID_ARGUMENT);
  expect(String(error?.metadata.get("grpc-status-details-bin")[0])).toContain("google.rpc.BadRequest");
});

test("our client reads the message and the metadata of an error of a proto-loader server", async () => {
  const metadata = new grpc.Metadata();
  metadata.set("x-reason-bin", Buffer.of(0, 255));
  await using server = await serveLoader((server) =>
    server.addService(load(Greeter), {
      SayHello: ((_call, callback) =>
        callback({ code: grpc.status.ALREADY_EXISTS, details: "已存在\n100%", metadata })) satisfies grpc.handleUnaryCall<object, object>,
    }),
  );
  using client = createClient(Greeter, server.address);
  const error = await client.sayHello({}).catch((error: unknown) => error as RpcError);
  if (!(error instanceof RpcError)) throw new Error("expected an RpcError");
  expect([error.code, error.message, error.metadata.getAllBytes("x-reason-bin")]).toEqual([
    Code.ALREADY_EXISTS,
    "已存在\n100%",
    [Buffer.of(0, 255)],
  ]);
});

test("our client reads compressed responses of a proto-loader server, and our server reads compressed requests", async () => {
  const long = "名".repeat(10_000);
  const gzip = { "grpc.default_compression_algorithm": 2 };
  using loaderClient = createLoaderClient(addressOf("helloworld"), gzip);
  const { path, requestSerialize, responseDeserialize } = loadMethod(Greeter.method.sayHello);
  const response = await new Promise((resolve, reject) =>
    loaderClient.makeUnaryRequest(path, requestSerialize, responseDeserialize, { name: long }, (error, response) =>
      error ? reject(error) : resolve(response),
    ),
  );
  expect(response).toEqual({ message: `Hello ${long}` });

  await using server = await serveLoader((server) =>
    server.addService(load(Greeter), {
      SayHello: ((call, callback) => {
        call.sendMetadata(new grpc.Metadata());
        callback(null, { message: `Hello ${(call.request as { name: string }).name}` });
      }) satisfies grpc.handleUnaryCall<object, object>,
    }),
  );
  using client = createClient(Greeter, server.address, { defaults: { compression: "gzip" } });
  expect((await client.sayHello({ name: long })).message).toBe(`Hello ${long}`);
});
