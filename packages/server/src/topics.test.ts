import { expect, test } from "vitest";
import { topics } from "./topics.ts";

test("the topics listen on the ports of the tutorials", () => {
  expect(topics.map(({ name, listeners }) => [name, ...listeners.map(({ port, security }) => `${port} ${security}`)])).toEqual([
    ["chat", "8972 plaintext"],
    ["hello", "9090 plaintext", "9091 TLS", "9092 mutual TLS", "9093 token"],
    ["hello-stream", "10001 plaintext"],
    ["helloworld", "50051 plaintext"],
    ["streams", "8000 plaintext"],
    ["shop", "8083 plaintext", "10086 mutual TLS"],
    ["push", "50052 plaintext"],
  ]);
});
