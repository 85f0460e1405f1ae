// A stream from the server, a stream to the server, and a conversation.
import { bothStream, clientStream, Stream, StreamClient, StreamServer, serverStream } from "@grpc-study/proto/streams";
import type { Context } from "../topic.ts";

export async function listValue({ connect, print }: Context): Promise<void> {
  for await (const response of connect(StreamServer).listValue({ data: "stream server grpc " })) {
    await print(serverStream.StreamResponseSchema, response, response.streamValue);
  }
}

export async function routeList({ connect, print }: Context): Promise<void> {
  const stream = connect(StreamClient).routeList();
  for (let n = 0; n < 5; n++) {
    await stream.send({ streamData: `stream client rpc ${n}` });
  }
  await print(clientStream.SimpleResponseSchema, await stream.closeAndRecv());
}

export async function conversations({ connect, print }: Context): Promise<void> {
  const stream = connect(Stream).conversations();
  for (let n = 0; n < 5; n++) {
    await stream.send({ question: `stream client rpc ${n}` });
    const response = await stream.recv();
    if (response === undefined) break;
    await print(bothStream.StreamResponseSchema, response, response.answer);
  }
  stream.closeSend();
  await stream.recv();
}
