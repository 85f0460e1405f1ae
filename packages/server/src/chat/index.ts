import type { Topic } from "../topic.ts";
import { greeter } from "./greeter.ts";

export const chat: Topic = {
  name: "chat",
  summary: "a chat over one bidirectional stream",
  listeners: [{ port: 8972, security: "plaintext" }],
  services: () => [greeter()],
};
