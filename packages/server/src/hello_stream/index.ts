import type { Topic } from "../topic.ts";
import { sayHello } from "./say-hello.ts";

export const helloStream: Topic = {
  name: "hello-stream",
  summary: "one answer to the first request of a stream",
  listeners: [{ port: 10001, security: "plaintext" }],
  services: (log) => [sayHello(log)],
};
