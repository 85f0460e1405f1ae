// The push client: receives, sends, then does both at once until Ctrl-C.
// Run it beside the server: node examples/push/client.ts
import { setTimeout } from "node:timers/promises";
import { Greeter } from "@grpc-study/proto/push";
import { createClient } from "@grpc-study/rpc";

const client = createClient(Greeter, process.argv[2] ?? "localhost:50052");

let interrupted = false;
process.once("SIGINT", () => (interrupted = true));

async function* everySecond() {
  for (; !interrupted; await setTimeout(1000)) yield { data: "ssss" };
} // Ctrl-C ends the generator, and so half-closes the stream; the server then ends it with OK.

try {
  // The server pushes. The end of the loop is Go's io.EOF.
  for await (const { data } of client.getStream({ data: "aaa" })) console.log(`data:"${data}"`);
  console.log("EOF");

  // The client pushes: ten messages, one a second. The response tells how many the server took.
  const put = client.putStream();
  for (let i = 1; i <= 10; i++) {
    await put.send({ data: "ss" });
    await setTimeout(1000);
  }
  console.log(`data:"${(await put.closeAndRecv()).data}"`);

  // Both push. The requests are a generator, which runs beside the loop over the responses.
  for await (const { data } of client.allStream(everySecond())) console.log(`data:"${data}"`);
} catch (error) {
  console.error(`a stream failed: ${error}`);
  process.exit(1);
}
