import type { Topic } from "../topic.ts";
import { greeter } from "./greeter.ts";

export const push: Topic = {
  name: "push",
  summary: "server push, client push and both",
  listeners: [{ port: 50052, security: "plaintext" }],
  services: (log) => [greeter(log)],
};
