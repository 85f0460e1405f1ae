// The chat client: sends each line that you type, and prints the replies as they arrive.
// Run it beside the server: node examples/chat/client.ts
import { createInterface } from "node:readline";
import { Greeter } from "@grpc-study/proto/chat";
import { createClient } from "@grpc-study/rpc";

const client = createClient(Greeter, process.argv[2] ?? "127.0.0.1:8972");

/** One request for each line, until `quit` or the end of input, which half-closes the stream. */
async function* lines() {
  for await (const line of createInterface({ input: process.stdin })) {
    const name = line.trim();
    if (name.toUpperCase() === "QUIT") return;
    if (name !== "") yield { name };
  }
}

try {
  // Sends and receives side by side, as Go's goroutine does. The deadline covers the whole chat.
  const replies = client.bidiHello(lines(), { timeoutMs: 2 * 60 * 1000 });
  for await (const { reply } of replies) console.log(`AI：${reply}`);
} catch (error) {
  console.error(`the chat failed: ${error}`);
  process.exit(1);
}
