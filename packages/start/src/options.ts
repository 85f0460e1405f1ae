// What the command serves: the topics of the server's command with two more listeners, the shop over HTTP and the
// consoles of all topics.
import { type ProgramOptions, topics } from "@grpc-study/server";
import { consoles } from "./consoles.ts";
import { shopOverHttp } from "./shop-over-http.ts";

export const options: ProgramOptions = {
  name: "grpc-study-start",
  topics: topics.map((topic) => (topic.name === "shop" ? { ...topic, listeners: [...topic.listeners, shopOverHttp] } : topic)),
  front: consoles,
};
