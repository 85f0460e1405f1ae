// `--transport` of both commands: which transport it selects, its help text, and its errors.
import { once } from "node:events";
import { connect, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { addressOf } from "../harness/address-of.ts";
import { client } from "../harness/client.ts";
import { serverMain } from "../harness/paths.ts";
import { closedPort, listenTcp } from "../harness/ports.ts";
import { run } from "../harness/process.ts";
import { serve } from "../harness/server.ts";

const grpcJs = ["--transport", "grpc-js"];

/**
 * Returns the `user-agent` of the first call that reaches a node:http2 server. The server ends the
 * call with FAILED_PRECONDITION.
 */
async function userAgentOf(args: readonly string[]): Promise<string> {
  const server = createServer();
  const called = Promise.withResolvers<string>();
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    called.resolve(headers["user-agent"] ?? "");
    stream.on("error", () => {});
    stream.respond(
      { ":status": 200, "content-type": "application/grpc", "grpc-status": "9", "grpc-message": "refused" },
      { endStream: true },
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const addr = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await client(["hello", "--addr", addr, ...args])).toEqual({ status: 1, stdout: "", stderr: "FAILED_PRECONDITION: refused\n" });
  server.close();
  return called.promise;
}

/**
 * Returns the `accept-post` header of the response to a request that is not gRPC. The http2
 * transport lists the supported types there; grpc-js does not.
 */
async function acceptPostOf(address: string): Promise<unknown> {
  const session = connect(`http://${address}`);
  const stream = session.request({ ":method": "POST", ":path": "/SayHello/SayHello", "content-type": "text/plain" });
  stream.end();
  const [headers] = (await once(stream, "response")) as [Readonly<Record<string, unknown>>];
  session.destroy();
  expect(headers[":status"]).toBe(415);
  return headers["accept-post"];
}

describe("the client", () => {
  test("uses the http2 transport by default, and grpc-js on request", async () => {
    expect(await userAgentOf([])).toMatch(/^grpc-study\b/);
    expect(await userAgentOf(["--transport", "http2"])).toMatch(/^grpc-study\b/);
    expect(await userAgentOf(grpcJs)).toMatch(/^grpc-node-js\//);
  });

  test("reports a closed port and a peer that does not speak HTTP/2 on one line, with either transport", async () => {
    await using silent = await listenTcp((socket) => socket.end("220 smtp.example ESMTP\r\n"));
    for (const port of [await closedPort(), silent.port]) {
      const hello = (...args: string[]) => client(["hello", "--addr", `127.0.0.1:${port}`, ...args]);
      const [ours, theirs] = [await hello(), await hello(...grpcJs)];
      expect(ours).toEqual({ status: 1, stdout: "", stderr: expect.stringMatching(/^UNAVAILABLE: [^\n]+\n$/) });
      expect(theirs).toEqual({ status: 1, stdout: "", stderr: expect.stringMatching(/^UNAVAILABLE: [^\n]+\n$/) });
    }
  });
});

describe("the server", () => {
  test("uses the http2 transport by default and grpc-js on request, and serves clients of both", async () => {
    expect(await acceptPostOf(addressOf("hello"))).toBe("application/grpc, application/grpc+proto");
    await using server = await serve("hello", { args: grpcJs });
    expect(await acceptPostOf(server.address)).toBeUndefined();
    for (const args of [[], grpcJs]) {
      const outcome = await client(["hello", "--addr", server.address, ...args]);
      expect(outcome).toEqual({ status: 0, stdout: expect.stringContaining("XiaoMing"), stderr: "" });
    }
    await server.stop();
    expect(await server.exit).toEqual({ status: 0, signal: null });
    for (const line of server.stderr.lines) expect(JSON.parse(line)).toMatchObject({ level: "info" });
  });

  test("reports a port in use on one line that names the topic and the port, on grpc-js too", async () => {
    await using occupied = await listenTcp(() => {});
    expect(await run(process.execPath, [serverMain, "chat", "--port", `${occupied.port}`, "--host", "127.0.0.1", ...grpcJs])).toEqual({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(new RegExp(`^error: .*\\bchat\\b.*\\b${occupied.port}\\b.*\\n$`)),
    });
  });
});

test("both commands document the option, and reject an unknown transport with the list of valid ones", async () => {
  const commands = [
    { run: client, topic: [], status: 2 },
    { run: (args: readonly string[]) => run(process.execPath, [serverMain, ...args]), topic: ["--port", "0"], status: 1 },
  ];
  for (const { run, topic, status } of commands) {
    const help = await run(["hello", "--help"]);
    expect(help).toMatchObject({ status: 0, stderr: "" });
    expect(help.stdout.replaceAll(/\s+/g, " ")).toContain(
      '--transport <name> transport that carries the calls (choices: "http2", "grpc-js", default: "http2")',
    );
    const rejected = await run(["hello", ...topic, "--transport", "quic"]);
    expect(rejected).toEqual({ status, stdout: "", stderr: expect.stringMatching(/^error: [^\n]*quic[^\n]*http2, grpc-js[^\n]*\n$/) });
  }
});
