// The server's command: what it prints, how it exits, and which arguments it rejects.
import { once } from "node:events";
import { connect } from "node:net";
import { Greeter } from "@grpc-study/proto/push";
import { createClient } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { client, startClient } from "../harness/client.ts";
import { serverMain } from "../harness/paths.ts";
import { listenTcp } from "../harness/ports.ts";
import { Process, run } from "../harness/process.ts";
import { probed, resourcesOf } from "../harness/resources.ts";
import { serve } from "../harness/server.ts";
import { until } from "../harness/until.ts";

const runServer = (...args: string[]) => run(process.execPath, [serverMain, ...args]);

describe("the start table", () => {
  test("lists the topic, address, service and security", async () => {
    await using server = await serve("chat");
    await server.stop();
    expect(server.address).toMatch(/^localhost:\d+$/);
    expect(server.stdout.text.replace(server.address, "localhost:12345")).toBe(
      "topic  address          services    security\n" +
        "chat   localhost:12345  pb.Greeter  plaintext\n" +
        "                        chat.Rooms\n",
    );
  });

  test("has a line for each service, and a block for each listener", async () => {
    await using server = await serve("shop");
    await server.stop();
    expect(server.stdout.text.replaceAll(/localhost:\d{5}/g, "localhost:12345")).toBe(
      "topic  address          services               security\n" +
        "shop   localhost:12345  services.ProdService   plaintext\n" +
        "                        services.OrderService\n" +
        "                        services.UserService\n" +
        "                        services.OrderHistory\n" +
        "shop   localhost:12345  services.ProdService   mutual TLS\n" +
        "                        services.OrderService\n" +
        "                        services.UserService\n" +
        "                        services.OrderHistory\n",
    );
  });

  test("shows the requested host", async () => {
    await using server = await serve("hello", { args: ["--host", "127.0.0.1"] });
    expect(server.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await isListening("127.0.0.1", server.port)).toBe(true);
    expect(await isListening("::1", server.port)).toBe(false);
  });
});

describe("shutdown", () => {
  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("starts on %s, and the exit status is 0", async (signal) => {
    await using server = await serve("hello");
    await client(["hello", "--addr", server.address]);
    server.kill(signal);
    expect(await server.exit).toEqual({ status: 0, signal: null });
    expect(await isListening("127.0.0.1", server.port)).toBe(false);
    for (const line of server.stderr.lines) expect(JSON.parse(line)).toMatchObject({ level: "info" });
  });

  test("waits for a running call, and accepts no new one", async () => {
    await using server = await serve("hello-stream");
    await using running = startClient(["hello-stream", "--addr", server.address]);
    await server.logged(({ msg }) => msg.endsWith("zhc"));
    server.kill("SIGTERM");
    await until(async () => !(await isListening("127.0.0.1", server.port)));
    expect(await client(["hello-stream", "--addr", server.address])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^UNAVAILABLE: /),
    });
    expect(await running.exit).toEqual({ status: 0, signal: null });
    expect(running.stdout.text).toBe("接受服务端的resp: recv zhc\n");
    expect(await server.exit).toEqual({ status: 0, signal: null });
  });

  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
  ] as const)("ends at once on a second %s", async (signal, status) => {
    await using server = await serve("push");
    using pushing = createClient(Greeter, server.address);
    const stream = pushing.putStream();
    await stream.send({ data: "a" });
    await server.logged(({ msg }) => msg === "a");
    server.kill(signal);
    await server.logged(({ msg }) => msg.includes("shutting down"));
    const start = performance.now();
    server.kill(signal);
    expect(await server.exit).toEqual({ status, signal: null });
    expect(performance.now() - start).toBeLessThan(3_000);
    await expect(stream.closeAndRecv()).rejects.toThrow();
  });
});

test("a server serves even if its stdout is closed before it prints the table, as by `| head -0`", async () => {
  await using server = new Process(process.execPath, [...probed.node, serverMain, "chat", "--port", "0"], probed);
  server.closeStdout();
  // The server writes the table right after it installs the signal handlers.
  await until(async () => (await resourcesOf(server))["SIGTERM"] !== undefined);
  expect(await resourcesOf(server)).toHaveProperty("TCPServerWrap");
  server.kill("SIGTERM");
  expect(await server.exit).toEqual({ status: 0, signal: null });
  expect(server.stderr.text).not.toMatch(/EPIPE|\bat \S+:\d+/);
});

describe("a port in use", () => {
  test.each(["127.0.0.1", "::1"])("on %s ends the server with status 1 and one line that names the topic and the port", async (host) => {
    await using occupied = await listenTcp(() => {}, { host });
    expect(await runServer("chat", "--port", `${occupied.port}`)).toEqual({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(new RegExp(`^error: .*\\bchat\\b.*\\b${occupied.port}\\b.*\\n$`)),
    });
    expect(await isListening(host === "::1" ? "127.0.0.1" : "::1", occupied.port)).toBe(false);
  });

  test("stays with the server that already listens on it", async () => {
    await using server = await serve("hello");
    expect(await runServer("chat", "--port", `${server.port}`)).toMatchObject({ status: 1, stdout: "" });
    expect(await client(["hello", "--addr", server.address])).toMatchObject({ status: 0 });
  });
});

describe("the server rejects, with status 1 and one line,", () => {
  test.each([
    ["an unknown topic", ["nope"], "nope"],
    ["an unknown topic among others", ["serve", "chat", "nope"], "nope"],
    ["an unknown option", ["chat", "--nope"], "--nope"],
    ["a port that is not a number", ["chat", "--port", "many"], "many"],
    ["a port that is too large", ["chat", "--port", "65536"], "65536"],
    ["a negative port", ["chat", "--port", "-1"], "-1"],
    ["one port for two topics", ["chat", "push", "--port", "0"], "--port"],
    ["a malformed host", ["chat", "--port", "0", "--host", "a b"], "a b"],
    ["an address of another machine", ["chat", "--port", "0", "--host", "192.0.2.1"], "192.0.2.1"],
    ["an unknown log level", ["chat", "--port", "0", "--log-level", "loud"], "loud"],
  ])("%s", async (_, args, named) => {
    const { status, stdout, stderr } = await runServer(...args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^error: .+\n$/);
    expect(stderr).toContain(named);
  });
});

async function isListening(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
