// Clients that ask for an upgrade to plaintext HTTP/2 with every request get HTTP/1.1 responses.
import { fileURLToPath } from "node:url";
import { createGateway } from "@grpc-study/gateway";
import { createServer, implement } from "@grpc-study/rpc";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestService } from "../../gen/grpc/testing/test_pb.js";
import { run } from "../harness/process.ts";

const started = new AsyncDisposableStack();
const post = "/grpc.testing.TestService/UnaryCall";
const json = '{"payload":{"body":"AAAA"}}';
let url = "";

beforeAll(async () => {
  const server = createServer();
  server.add(implement(TestService, { unaryCall: ({ payload }) => ({ payload: payload ?? {} }) }));
  const gateway = createGateway({ services: [TestService], upstream: server.channel(), unbound: true, graceMs: 0 });
  started.defer(() => gateway.close());
  ({ url } = await gateway.listen("127.0.0.1:0"));
});
afterAll(() => started.disposeAsync());

test("Java's HttpClient gets HTTP/1.1", { timeout: 120_000 }, async ({ skip }) => {
  const program = fileURLToPath(new URL("../../foreign/java/Ask.java", import.meta.url));
  const { status, stdout, stderr } = await run("java", [program, url, "/healthz", post, json]).catch(() => ({
    status: null,
    stdout: "",
    stderr: "",
  }));
  if (status === null) return skip("needs Java 11 or later");
  const lines = ['GET 200 HTTP_1_1 {"status":"SERVING"}', `POST 200 HTTP_1_1 ${json}`];
  expect({ lines: stdout.trim().split("\n"), stderr }).toEqual({ lines: [...lines, ...lines], stderr: "" });
});

test("curl --http2 gets HTTP/1.1, and with prior knowledge HTTP/2", async ({ skip }) => {
  const ask = (flag: string) =>
    run("curl", ["-s", flag, "-w", " %{http_version}", "-H", "content-type: application/json", "-d", json, url + post]);
  const outcome = await ask("--http2").catch(() => undefined);
  // 2 and 4 mean that curl was built without HTTP/2.
  if (outcome === undefined || outcome.status === 2 || outcome.status === 4) return skip("needs curl with HTTP/2");
  expect(outcome.stdout).toBe(`${json} 1.1`);
  expect((await ask("--http2-prior-knowledge")).stdout).toBe(`${json} 2`);
});
