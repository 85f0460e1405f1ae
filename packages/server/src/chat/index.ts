import { Rooms } from "@grpc-study/proto/chat";
import type { Topic } from "../topic.ts";
import { greeter } from "./greeter.ts";
import { rooms } from "./rooms.ts";

export const chat: Topic = {
  name: "chat",
  summary: "a chat over one bidirectional stream, and chat rooms",
  listeners: [{ port: 8972, security: "plaintext" }],
  usesLive: [Rooms],
  services: (log, sources) => [greeter(), rooms(sources, log)],
};
