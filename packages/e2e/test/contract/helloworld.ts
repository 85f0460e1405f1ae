import { Greeter } from "@grpc-study/proto/helloworld";
import type { Topic } from "./topic.ts";

const { sayHello } = Greeter.method;

const greeting = (name: string) => ({ method: sayHello, requests: [{ name }], responses: [{ message: `Hello ${name}` }] });

export const helloworld: Topic = {
  name: "helloworld",
  listeners: [{ port: 50051, security: "plaintext" }],
  definition: ["/proto.Greeter/SayHello unary", "proto.HelloRequest{string name=1}", "proto.HelloReply{string message=1}"],
  calls: [
    { title: "SayHello greets the world", ...greeting("world") },
    { title: "SayHello greets in any script", ...greeting("世界 👋🏽 \u0000\n") },
    { title: "SayHello accepts an empty name", method: sayHello, requests: [{}], responses: [{ message: "Hello " }] },
  ],
  commands: [
    { title: "greets the world by default", args: [], exchanges: [greeting("world")], stdout: "Greeting: Hello world\n" },
    {
      title: "greets the name of --name",
      args: ["--name", "小明", "--timeout", "20s"],
      exchanges: [greeting("小明")],
      stdout: "Greeting: Hello 小明\n",
    },
    {
      title: "prints JSON with --json",
      args: ["--json", "--timeout", "20s"],
      exchanges: [greeting("world")],
      stdout: '{"message":"Hello world"}\n',
    },
  ],
};
