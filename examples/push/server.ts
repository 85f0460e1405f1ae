// The push server: pushes to the client, takes what the client pushes, and does both at once.
// Run it from the root of the repository: node examples/push/server.ts
import { setTimeout } from "node:timers/promises";
import { Greeter, type StreamReqData } from "@grpc-study/proto/push";
import { createServer, implement } from "@grpc-study/rpc";

const greeter = implement(Greeter, {
  // Eleven messages, one a second. The signal aborts when the client cancels, and ends the wait.
  async *getStream(_request, { signal }) {
    for (let i = 0; i <= 10; i++) {
      yield { data: `${Math.floor(Date.now() / 1000)}` };
      await setTimeout(1000, undefined, { signal });
    }
  },
  putStream: async (requests) => ({ data: `${await printAll(requests)}` }),
  // Reads and writes side by side, as Go's two goroutines do. The client's half-close ends both.
  async *allStream(requests, { signal }) {
    const reading = printAll(requests).then(() => false);
    reading.catch(() => {}); // a cancel: it ends the wait below, too
    const aSecondLater = () => Promise.race([reading, setTimeout(1000, true, { signal })]);
    for (let open = true; open; open = await aSecondLater()) yield { data: "ssss" };
  },
});

/** Prints what the client pushes until the half-close, and returns the number of messages. */
async function printAll(requests: AsyncIterable<StreamReqData>): Promise<number> {
  let count = 0;
  for await (const { data } of requests) {
    console.log(`data:"${data}"`);
    count++;
  }
  return count;
}

export const server = createServer();
server.add(greeter);

// As a program it listens. A test that imports this file calls the server without a socket.
if (import.meta.main !== false) {
  const { address } = await server.listen(process.argv[2] ?? "localhost:50052");
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.shutdown());
  console.log(`server listening at ${address}`);
}
