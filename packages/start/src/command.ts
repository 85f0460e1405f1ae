// The server's command with one more listener: the shop over HTTP.
import { main, topics } from "@grpc-study/server";
import { shopOverHttp } from "./shop-over-http.ts";

await main({
  name: "grpc-study-start",
  topics: topics.map((topic) => (topic.name === "shop" ? { ...topic, listeners: [...topic.listeners, shopOverHttp] } : topic)),
});
