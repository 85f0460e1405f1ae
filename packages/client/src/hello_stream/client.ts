// The greeting as a stream: sends one request and receives one response by hand.
import { HelloStreamResSchema, SayHello } from "@grpc-study/proto/hello_stream";
import type { Context } from "../topic.ts";

export async function helloStream({ connect, print }: Context, name: string): Promise<void> {
  const stream = connect(SayHello).sayHello();
  await stream.send({ messageName: name });
  const response = await stream.recv();
  if (response === undefined) throw new Error("the server ended the stream without a response");
  await print(HelloStreamResSchema, response, `接受服务端的resp: ${response.resMessage}`);
  stream.closeSend();
}
