import { SayHello } from "@grpc-study/proto/hello_stream";
import { Code } from "@grpc-study/rpc";
import type { Topic } from "./topic.ts";

const { sayHello } = SayHello.method;

const tutorial = { method: sayHello, requests: [{ messageName: "zhc" }], responses: [{ resMessage: "recv zhc" }] };

export const helloStream: Topic = {
  name: "hello-stream",
  listeners: [{ port: 10001, security: "plaintext" }],
  definition: [
    "/SayHello/SayHello bidi_streaming",
    "HelloStreamReq{string messageName=1; int64 messageLen=2}",
    "HelloStreamRes{string resMessage=1}",
  ],
  calls: [
    {
      title: "SayHello answers only the first request",
      method: sayHello,
      requests: [{ messageName: "zhc", messageLen: "3" }, { messageName: "again" }],
      responses: [{ resMessage: "recv zhc" }],
    },
    { title: "SayHello rejects a stream without requests", method: sayHello, requests: [], responses: [], code: Code.INVALID_ARGUMENT },
  ],
  commands: [{ title: "sends zhc and prints the response", args: [], exchanges: [tutorial], stdout: "接受服务端的resp: recv zhc\n" }],
};
