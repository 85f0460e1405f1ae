// The hello-stream server: a bidirectional stream with one request and one response.
// Run it from the root of the repository: node examples/hello-stream/server.ts
import { setTimeout } from "node:timers/promises";
import { SayHello } from "@grpc-study/proto/hello_stream";
import { Code, createServer, implement, RpcError } from "@grpc-study/rpc";

export const server = createServer();
server.add(
  implement(SayHello, {
    async *sayHello(requests, { signal }) {
      for await (const { messageName } of requests) {
        console.log("服务端接受的消息", messageName);
        // The signal aborts when the client cancels, and ends the wait.
        await setTimeout(1000, undefined, { signal });
        yield { resMessage: `recv ${messageName}` };
        return; // ends the stream with OK after the first request
      }
      throw new RpcError(Code.INVALID_ARGUMENT, "the stream ended without a request");
    },
  }),
);

// As a program it listens. A test that imports this file calls the server without a socket.
if (import.meta.main !== false) {
  const { address } = await server.listen(process.argv[2] ?? "localhost:10001");
  // Ctrl-C: running calls have ten seconds to finish. A second Ctrl-C ends the process at once.
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.shutdown());
  console.log(`server listening at ${address}`);
}
