// Methods and services that the server does not have.
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { Greeter } from "@grpc-study/proto/push";
import { Code, createClient, implement } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { addressOf } from "../harness/address-of.ts";
import { protoFolder } from "../harness/paths.ts";
import { outcomeOf } from "../harness/process.ts";
import { serveRpc } from "../harness/rpc-server.ts";
import { startBufCurl } from "../peers/buf-curl.ts";
import { createLoaderClient } from "../peers/proto-loader.ts";

test.each([
  ["method", "/proto.Greeter/Nope"],
  ["method, if the case is wrong,", "/proto.Greeter/sayHello"],
  ["service", "/no.such.Service/SayHello"],
  ["service, if the package is missing,", "/Greeter/SayHello"],
])("an unknown %s is UNIMPLEMENTED, and the message names it", async (_, path) => {
  using client = createLoaderClient(addressOf("helloworld"));
  const asIs = (bytes: Buffer) => bytes;
  const error = await new Promise<grpc.ServiceError | null>((resolve) =>
    client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), resolve),
  );
  expect(error).toMatchObject({ code: grpc.status.UNIMPLEMENTED, details: expect.stringContaining(path) });
});

test("an unknown method is UNIMPLEMENTED in each streaming kind", async () => {
  using client = createClient(Greeter, addressOf("hello"));
  const unimplemented = { code: Code.UNIMPLEMENTED };
  await expect(client.getStream({}).recv()).rejects.toMatchObject(unimplemented);
  await expect(client.putStream([{}])).rejects.toMatchObject(unimplemented);
  await expect(client.allStream().recv()).rejects.toMatchObject(unimplemented);
});

test("buf curl reports an unknown service as unimplemented", async () => {
  const schema = join(protoFolder, "push/push.proto");
  await using curl = startBufCurl(["--schema", schema, "-d", "{}", `http://${addressOf("hello")}/Greeter/GetStream`]);
  const { status, stderr } = await outcomeOf(curl);
  expect(status).toBe(Code.UNIMPLEMENTED << 3);
  expect(JSON.parse(stderr)).toMatchObject({ code: "unimplemented" });
});

test("a method without a handler is UNIMPLEMENTED, and the other methods of the service work", async () => {
  await using server = await serveRpc([implement(Greeter, { putStream: () => ({ data: "0" }) })]);
  using client = createClient(Greeter, server.address);
  await expect(client.getStream({}).recv()).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
  await expect(client.allStream().recv()).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
  expect((await client.putStream([])).data).toBe("0");
});
