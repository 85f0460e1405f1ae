import { expect, test } from "vitest";
import type { Endpoint } from "./endpoint.ts";
import { nextSteps } from "./next-steps.ts";
import { topics } from "./topics.ts";

const endpoint = (topic: string, address: string, security: Endpoint["security"] = "plaintext"): Endpoint => ({
  topic,
  address,
  services: ["a.Service"],
  security,
});

test("on the tutorials' ports, two client commands and the pages are suggested", () => {
  const endpoints = [
    endpoint("chat", "localhost:8972"),
    endpoint("hello", "localhost:9090"),
    endpoint("helloworld", "localhost:50051"),
    endpoint("shop", "localhost:9468", "HTTP, plaintext"),
    endpoint("console", "localhost:9470", "HTTP, plaintext"),
  ];
  expect(nextSteps(endpoints, topics)).toBe(`
Next, in another terminal (Ctrl-C here ends the server):
  npx -y pnpm@12 client helloworld
  npx -y pnpm@12 client chat
  open http://localhost:9468/ (the shop over HTTP, with documentation)
  open http://localhost:9470/ (the tutorials in the browser)
`);
});

test.each([
  ["0.0.0.0:1234", "localhost:1234"],
  ["[::]:1234", "localhost:1234"],
  ["[::1]:1234", "[::1]:1234"],
  ["localhost:1234", "localhost:1234"],
])("the suggestion for a topic at %s calls %s", (address, reachable) => {
  expect(nextSteps([endpoint("chat", address)], topics)).toContain(`client chat --addr ${reachable}\n`);
});

test("nothing is suggested if a client needs options", () => {
  expect(nextSteps([endpoint("chat", "localhost:1", "token")], topics)).toBe("");
});
