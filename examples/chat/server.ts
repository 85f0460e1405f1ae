// The chat server: one bidirectional stream, one reply for each request.
// Run it from the root of the repository: node examples/chat/server.ts
import { Greeter } from "@grpc-study/proto/chat";
import { createServer, implement } from "@grpc-study/rpc";

const greeter = implement(Greeter, {
  // Both sides stream: `requests` is an async iterable, and each `yield` sends a response.
  // The client's half-close ends the loop; the end of the function ends the stream with OK.
  async *bidiHello(requests) {
    for await (const { name } of requests) yield { reply: magic(name) };
  },
});

/** A priceless piece of "artificial intelligence". */
function magic(text: string): string {
  return text
    .replaceAll(/[吗吧]/g, "")
    .replaceAll("你", "我")
    .replaceAll(/[？?]/g, "!");
}

export const server = createServer();
server.add(greeter);

// As a program it listens. A test that imports this file calls the server without a socket.
if (import.meta.main !== false) {
  const { address } = await server.listen(process.argv[2] ?? "localhost:8972");
  // Ctrl-C: running calls have ten seconds to finish. A second Ctrl-C ends the process at once.
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.shutdown());
  console.log(`server listening at ${address}`);
}
