// The streams client: a stream in each direction, then a conversation.
// Run it beside the server: node examples/streams/client.ts
import { Stream, StreamClient, StreamServer } from "@grpc-study/proto/streams";
import { createChannel, createClient } from "@grpc-study/rpc";

// Three services of one server: their clients share a channel, and so a connection.
const channel = createChannel(process.argv[2] ?? "localhost:8000");

try {
  // Server streaming: the loop ends with the stream.
  const listValue = createClient(StreamServer, channel).listValue({ data: "stream server grpc " });
  for await (const { streamValue } of listValue) console.log(streamValue);

  // Client streaming: closeAndRecv() half-closes, and waits for the one response.
  const routeList = createClient(StreamClient, channel).routeList();
  for (let n = 0; n < 5; n++) await routeList.send({ streamData: `stream client rpc ${n}` });
  const { value } = await routeList.closeAndRecv();
  console.log(`value:"${value}"`);

  // Bidirectional: one answer for each question. At the end, recv() returns `undefined` for io.EOF.
  const conversations = createClient(Stream, channel).conversations();
  for (let n = 0; n < 5; n++) {
    await conversations.send({ question: `stream client rpc ${n}` });
    console.log((await conversations.recv())?.answer);
  }
  conversations.closeSend();
} catch (error) {
  console.error(`a stream failed: ${error}`);
  process.exit(1);
}
