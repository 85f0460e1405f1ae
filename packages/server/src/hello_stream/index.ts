import type { Topic } from "../topic.ts";
import { sayHello } from "./say-hello.ts";

export const helloStream: Topic = {
  name: "hello-stream",
  summary: "a stream with one request and one response",
  listeners: [{ port: 10001, security: "plaintext" }],
  services: (log) => [sayHello(log)],
};
