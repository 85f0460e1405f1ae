// The streams server: three services, one for each kind of stream.
// Run it from the root of the repository: node examples/streams/server.ts
import { Stream, StreamClient, StreamServer } from "@grpc-study/proto/streams";
import { createServer, implement } from "@grpc-study/rpc";

// Server streaming: one request, and a response for each `yield`.
const streamServer = implement(StreamServer, {
  *listValue({ data }) {
    for (let n = 0; n < 5; n++) yield { streamValue: `${data}${n}` };
  },
});

// Client streaming: the response follows the client's half-close, which ends the loop.
const streamClient = implement(StreamClient, {
  async routeList(requests) {
    for await (const { streamData } of requests) console.log(streamData);
    return { value: "ok" };
  },
});

// Bidirectional: here one answer for each question, but the two directions are independent.
const stream = implement(Stream, {
  async *conversations(requests) {
    let n = 1;
    for await (const { question } of requests) {
      yield { answer: `from stream server answer: the ${n++} question is ${question}` };
      console.log(`from stream client question: ${question}`);
    }
  },
});

export const server = createServer();
server.add(streamServer, streamClient, stream);

// As a program it listens. A test that imports this file calls the server without a socket.
if (import.meta.main !== false) {
  const { address } = await server.listen(process.argv[2] ?? "localhost:8000");
  // Ctrl-C: running calls have ten seconds to finish. A second Ctrl-C ends the process at once.
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.shutdown());
  console.log(`${address} net.Listing...`);
}
