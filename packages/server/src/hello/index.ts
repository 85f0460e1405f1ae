import type { Topic } from "../topic.ts";
import { sayHello } from "./say-hello.ts";

export const hello: Topic = {
  name: "hello",
  summary: "one unary call, to be protected",
  listeners: [{ port: 9090, security: "plaintext" }],
  services: () => [sayHello()],
};
