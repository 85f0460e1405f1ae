// Tests an echo server on the engine with curl, nghttp and h2load.
import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HeaderList } from "../../src/index.ts";
import { Echo, type EchoServer, echoServer } from "../echo.ts";
import { type Certificate, selfSigned } from "../oracle/certificate.ts";

const run = promisify(execFile);
const isInstalled = (command: string) => spawnSync(command, ["--version"]).error === undefined;

let folder: string;
let server: EchoServer;
let secure: EchoServer;
let certificate: Certificate;
const large = randomBytes(3 << 20);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "http2-"));
  certificate = await selfSigned();
  await writeFile(join(folder, "large"), large);
  await writeFile(join(folder, "small"), "seven!!");
  await writeFile(join(folder, "ca.pem"), certificate.cert);
  server = await echoServer();
  secure = await echoServer({ tls: certificate });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await secure[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

describe.skipIf(!isInstalled("curl"))("curl (skipped if not installed)", () => {
  const curl = (...args: readonly string[]) => run("curl", ["--silent", "--show-error", "--fail", "--max-time", "20", ...args]);

  test("a request without a body, and one with a small body", async () => {
    const url = `http://127.0.0.1:${server.port}/`;
    const version = ["--write-out", " %{http_version} %{http_code}"];
    expect((await curl("--http2-prior-knowledge", ...version, url)).stdout).toBe("hello, world 2 200");
    expect((await curl("--http2-prior-knowledge", ...version, "--data", "body", url)).stdout).toBe("body 2 200");
  });

  test("3 MiB in each direction, plaintext and over TLS", async () => {
    const upload = ["--data-binary", `@${join(folder, "large")}`, "--header", "expect:"];
    for (const [index, args] of [
      ["--http2-prior-knowledge", `http://127.0.0.1:${server.port}/`],
      ["--http2", "--cacert", join(folder, "ca.pem"), `https://localhost:${secure.port}/`],
    ].entries()) {
      const output = join(folder, `output-${index}`);
      await curl(...upload, "--output", output, ...args);
      expect((await readFile(output)).equals(large)).toBe(true);
    }
  });

  test("forty requests on one connection", async () => {
    // Use TLS: curl 7.88 cannot reuse a connection that it opened with prior knowledge.
    const url = `https://localhost:${secure.port}/[1-40]`;
    const before = secure.accepted.length;
    const { stdout } = await curl("--http2", "--cacert", join(folder, "ca.pem"), "--data", "x", url);
    expect(stdout).toBe("x".repeat(40));
    expect(secure.accepted.length - before).toBe(1);
  });
});

describe.skipIf(!isInstalled("nghttp"))("nghttp (skipped if not installed)", () => {
  const nghttp = (...args: readonly string[]) => run("nghttp", ["--timeout=20", ...args], { maxBuffer: 64 << 20, encoding: "buffer" });

  test.each([
    ["without options", []],
    ["with padding", ["--padding=100"]],
    ["with CONTINUATION frames", ["--continuation"]],
    ["with a window of 1,023 bytes", ["--window-bits=10"]],
    ["with wide windows and large frames", ["--window-bits=24", "--connection-window-bits=24", "--max-concurrent-streams=10"]],
    ["with a header table of no bytes", ["--header-table-size=0", "--encoder-header-table-size=0"]],
    ["with trailers", ["--trailer=x-sum: 1"]],
  ])("3 MiB in each direction, %s", async (_, args) => {
    const { stdout } = await nghttp(...args, `--data=${join(folder, "large")}`, `http://127.0.0.1:${server.port}/`);
    expect(stdout.equals(large)).toBe(true);
  });

  test("requests without a body, many at once", async () => {
    const { stdout } = await nghttp("--multiply=50", `http://127.0.0.1:${server.port}/`);
    expect(stdout.toString()).toBe("hello, world".repeat(50));
  });
});

describe.skipIf(!isInstalled("h2load"))("h2load (skipped if not installed)", () => {
  const h2load = async (...args: readonly string[]) => {
    const { stdout } = await run("h2load", [...args]);
    const numbers = /(\d+) total, (\d+) started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored/.exec(stdout);
    if (numbers === null) throw new Error(`unexpected output of h2load: ${stdout}`);
    const [, total = 0, started = 0, done = 0, succeeded = 0, failed = 0, errored = 0] = numbers.map(Number);
    return { total, started, done, succeeded, failed, errored };
  };

  test("20,000 requests, 100 at once on 10 connections", async () => {
    const result = await h2load("-n20000", "-c10", "-m100", `--data=${join(folder, "small")}`, `http://127.0.0.1:${server.port}/`);
    expect(result).toMatchObject({ total: 20_000, succeeded: 20_000, failed: 0, errored: 0 });
  });

  test("2,000 requests over TLS", async () => {
    const result = await h2load("-n2000", "-c4", "-m20", `--data=${join(folder, "small")}`, `https://localhost:${secure.port}/`);
    expect(result).toMatchObject({ total: 2_000, succeeded: 2_000, failed: 0, errored: 0 });
  });

  test("graceful shutdown under load: every accepted request is answered", async () => {
    let accepted = 0;
    const started = Promise.withResolvers<void>();
    await using closing = await echoServer({
      onStream: (stream, _headers, endStream) => {
        accepted++;
        if (accepted === 2_000) started.resolve();
        // Delay the response, so that requests are open at shutdown.
        if (endStream) setTimeout(() => stream.respond(HeaderList.response(200), Buffer.from("answer")), 5);
        return new Echo(stream);
      },
    });
    const load = h2load("-n200000", "-c5", "-m20", `http://127.0.0.1:${closing.port}/`);
    await started.promise;
    await closing.server.close();
    const { succeeded, failed } = await load;
    expect(accepted).toBeGreaterThanOrEqual(2_000);
    expect(succeeded, `${failed} failed`).toBe(accepted);
    expect(closing.errors).toEqual([]);
  });
});
