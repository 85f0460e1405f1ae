import type { Topic } from "../topic.ts";
import { greeter } from "./greeter.ts";

export const helloworld: Topic = {
  name: "helloworld",
  summary: "one unary call, with reflection",
  listeners: [{ port: 50051, security: "plaintext" }],
  services: (log) => [greeter(log)],
};
