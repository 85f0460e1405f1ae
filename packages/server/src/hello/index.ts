import type { Topic } from "../topic.ts";
import { sayHello } from "./say-hello.ts";

export const hello: Topic = {
  name: "hello",
  summary: "one unary call over plaintext, TLS, mutual TLS and with a token",
  listeners: [
    { port: 9090, security: "plaintext" },
    { port: 9091, security: "TLS" },
    { port: 9092, security: "mutual TLS" },
    { port: 9093, security: "token" },
  ],
  users: [{ user: "xiaoming", token: "123321123" }],
  services: () => [sayHello()],
};
