// A service and its client, with all four call kinds, over a socket. Needs only rpc and
// protobuf-es.
import assert from "node:assert/strict";
import { Code, createClient, createServer, implement, RpcError } from "@grpc-study/rpc";
import { Greeter } from "./gen/greeter/v1/greeter_pb.js";

async function main(): Promise<void> {
  const server = createServer({ reflection: true });
  server.add(
    implement(Greeter, {
      greet({ name }) {
        if (name === "") throw new RpcError(Code.INVALID_ARGUMENT, "name must not be empty");
        return { text: `Hello ${name}` };
      },
      *greetOften({ name }) {
        for (let i = 1; i <= 3; i++) yield { text: `Hello ${name}, ${i}` };
      },
      async greetAll(names) {
        const all: string[] = [];
        for await (const { name } of names) all.push(name);
        return { text: `Hello ${all.join(" and ")}` };
      },
      async *talk(names) {
        for await (const { name } of names) yield { text: `Hello ${name}` };
      },
    }),
  );
  const { address } = await server.listen("127.0.0.1:0");
  const client = createClient(Greeter, address);

  assert.equal((await client.greet({ name: "you" }, { timeoutMs: 10_000 })).text, "Hello you");
  const failure: unknown = await client.greet({}).catch((error: unknown) => error);
  assert.ok(failure instanceof RpcError && failure.code === Code.INVALID_ARGUMENT, String(failure));
  const often: string[] = [];
  for await (const { text } of client.greetOften({ name: "you" })) often.push(text);
  assert.deepEqual(often, ["Hello you, 1", "Hello you, 2", "Hello you, 3"]);
  assert.equal((await client.greetAll([{ name: "you" }, { name: "me" }])).text, "Hello you and me");
  const call = client.talk();
  await call.send({ name: "you" });
  assert.equal((await call.recv())?.text, "Hello you");
  call.closeSend();
  assert.equal(await call.recv(), undefined);

  client[Symbol.dispose]();
  const { cut } = await server.shutdown();
  assert.deepEqual(cut, []);
  console.log("greeter: ok");
}

void main();
