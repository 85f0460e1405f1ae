import type { Topic } from "../topic.ts";
import { stream } from "./stream.ts";
import { streamClient } from "./stream-client.ts";
import { streamServer } from "./stream-server.ts";

export const streams: Topic = {
  name: "streams",
  summary: "the three streaming kinds, a service each",
  listeners: [{ port: 8000, security: "plaintext" }],
  services: (log) => [streamServer(), streamClient(log), stream(log)],
};
