import { SayHello } from "@grpc-study/proto/hello";
import type { Topic } from "./topic.ts";

const { sayHello } = SayHello.method;

const tutorial = {
  method: sayHello,
  requests: [{ messageName: "XiaoMing", messageLen: "1" }],
  responses: [{ resMessage: "Message send by SayHello server :Hello XiaoMing" }],
};

export const hello: Topic = {
  name: "hello",
  listeners: [
    { port: 9090, security: "plaintext" },
    { port: 9091, security: "TLS" },
    { port: 9092, security: "mutual TLS" },
    { port: 9093, security: "token" },
  ],
  definition: ["/SayHello/SayHello unary", "HelloReq{string messageName=1; int64 messageLen=2}", "HelloRes{string resMessage=1}"],
  calls: [
    { title: "SayHello greets by name", ...tutorial },
    {
      title: "SayHello accepts the whole range of an int64",
      method: sayHello,
      requests: [{ messageName: "世界", messageLen: "-9223372036854775808" }],
      responses: [{ resMessage: "Message send by SayHello server :Hello 世界" }],
    },
    {
      title: "SayHello accepts an empty name",
      method: sayHello,
      requests: [{}],
      responses: [{ resMessage: "Message send by SayHello server :Hello " }],
    },
  ],
  commands: [
    {
      title: "sends XiaoMing and prints the greeting",
      args: [],
      exchanges: [tutorial],
      stdout: "Message send by SayHello server :Hello XiaoMing\n",
    },
  ],
};
