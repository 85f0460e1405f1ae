// A service with validation rules, its client, and a gateway in front of it: REST, the OpenAPI
// document and its page.
import assert from "node:assert/strict";
import { createGateway } from "@grpc-study/gateway";
import { Code, createClient, createServer, implement, RpcError } from "@grpc-study/rpc";
import { validate } from "@grpc-study/rpc/validate";
import { Library } from "./gen/library/v1/library_pb.js";

async function main(): Promise<void> {
  const server = createServer({ health: true, interceptors: [validate()] });
  server.add(
    implement(Library, {
      getBook({ name }) {
        if (name !== "books/1") throw new RpcError(Code.NOT_FOUND, `${name} does not exist`);
        return { title: "The first book" };
      },
    }),
  );
  const { address } = await server.listen("127.0.0.1:0");

  const client = createClient(Library, address);
  assert.equal((await client.getBook({ name: "books/1" })).title, "The first book");
  const failure: unknown = await client.getBook({ name: "books/1234567" }).catch((error: unknown) => error);
  assert.ok(failure instanceof RpcError && failure.code === Code.INVALID_ARGUMENT, String(failure));

  const gateway = createGateway({ services: [Library], upstream: address });
  const { url } = await gateway.listen("127.0.0.1:0");
  const get = async (path: string, status: number) => {
    const response = await fetch(url + path);
    assert.equal(response.status, status, path);
    return response.text();
  };
  assert.deepEqual(JSON.parse(await get("/v1/books/1", 200)), { title: "The first book" });
  assert.equal(JSON.parse(await get("/v1/books/2", 404)).code, Code.NOT_FOUND);
  assert.equal(JSON.parse(await get("/v1/books/1234567", 400)).code, Code.INVALID_ARGUMENT);
  assert.ok(JSON.parse(await get("/openapi.json", 200)).paths["/v1/books/{name}"] !== undefined);
  assert.match(await get("/docs", 200), /swagger-ui-bundle\.js/);
  assert.match(await get("/docs/swagger-ui-bundle.js", 200), /SwaggerUIBundle/);
  await get("/healthz", 200);

  await gateway.close();
  client[Symbol.dispose]();
  await server.shutdown();
  console.log("library: ok");
}

void main();
