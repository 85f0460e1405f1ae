// How a stream of requests ends at a foreign upstream, grpc-go or node:http2: it is complete only
// if the client completed it. An interrupted upload that looks complete would store half a file.
import { once } from "node:events";
import { connect as connectHttp2, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { createGateway, type Gateway } from "@grpc-study/gateway";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestService } from "../../gen/grpc/testing/test_pb.js";
import { Process, run } from "../harness/process.ts";
import { until } from "../harness/until.ts";
import { data, type Fields, flag, headers, rstStream } from "../hostile/frames.ts";
import { rawClient } from "../hostile/raw-client.ts";
import { Folder, writeSet } from "../security/certificates.ts";

interface Upstream {
  readonly address: string;
  /**
   * `EOF` for a complete stream, anything else for an incomplete one, in the order in which they
   * ended.
   */
  readonly ends: readonly string[];
  readonly begun: () => number;
}

const started = new AsyncDisposableStack();
afterAll(() => started.disposeAsync());

/** Returns `undefined` if Go or grpc-go is not installed. */
async function serveGo(): Promise<Upstream | undefined> {
  const folder = started.use(await Folder.make());
  const source = fileURLToPath(new URL("../../foreign/go-stream-ends", import.meta.url));
  const program = folder.file("stream-ends");
  // The same command as in ../../scripts/interop-foreign.sh.
  const build = `GO111MODULE=off GOFLAGS= GOPATH="\${GO_GOPATH:-/usr/share/gocode}" go build -o "$0" .`;
  const built = await run("sh", ["-c", build, program], { cwd: source });
  if (built.status !== 0) return undefined;
  const server = started.use(new Process(program, []));
  const words = () => server.stdout.lines.map((line) => line.split(" "));
  const line = await server.stdout.line((line) => line.startsWith("serving "));
  return {
    address: line.slice("serving ".length),
    get ends() {
      return words().flatMap(([word, , end = ""]) => (word === "ended" ? end : []));
    },
    begun: () => words().filter(([word]) => word === "begun").length,
  };
}

async function serveNode(): Promise<Upstream> {
  const ends: string[] = [];
  let begun = 0;
  const server = createServer().on("stream", (stream: ServerHttp2Stream) => {
    begun++;
    stream.on("error", () => {}).resume();
    // Node emits "end" for a reset stream too.
    let end: string | undefined;
    stream.once("end", () => {
      end ??= stream.aborted ? "reset" : "EOF";
      if (end === "EOF") {
        stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        stream.end(Buffer.alloc(5));
      }
    });
    stream.once("close", () => ends.push(end ?? "reset"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  started.defer(() => void server.close());
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, ends, begun: () => begun };
}

/** The methods with a stream of requests. */
const paths = ["/grpc.testing.TestService/StreamingInputCall", "/grpc.testing.TestService/FullDuplexCall"];
const message = '{"payload":{"body":"AAAA"}}\n';

interface Front {
  readonly gateway: Gateway;
  readonly address: string;
  readonly secure: { readonly url: string; readonly ca: string };
}

/** Each starts an upload, and interrupts it once its call has begun. */
const cuts: Readonly<Record<string, (front: Front, path: string, begun: () => Promise<void>) => Promise<void>>> = {
  "an HTTP/1.1 client that disconnects": async ({ address }, path, begun) => {
    const [host, port] = address.split(":");
    const socket = connect({ host, port: Number(port) }).on("error", () => {});
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 1000\r\n\r\n${message}`,
    );
    await begun();
    socket.destroy();
  },
  "an HTTP/1.1 client that half-closes in the middle of a chunked body": async ({ address }, path, begun) => {
    const [host, port] = address.split(":");
    const socket = connect({ host, port: Number(port) }).on("error", () => {});
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n`;
    socket.write(`${head}${message.length.toString(16)}\r\n${message}\r\n`);
    await begun();
    socket.end();
  },
  "an HTTP/2 client that resets its stream": async ({ address }, path, begun) => {
    const client = await rawClient(address);
    client.write(headers(1, header(path), flag.endHeaders), data(1, Buffer.from(message)));
    await begun();
    client.write(rstStream(1, 8));
    await client.ping();
    client[Symbol.dispose]();
  },
  "an HTTP/2 client whose connection breaks": async ({ address }, path, begun) => {
    const client = await rawClient(address);
    client.write(headers(1, header(path), flag.endHeaders), data(1, Buffer.from(message)));
    await begun();
    client.socket.resetAndDestroy();
  },
  "an HTTP/2 client over TLS that disconnects": async ({ secure }, path, begun) => {
    const session = connectHttp2(secure.url, { ca: secure.ca }).on("error", () => {});
    const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/x-ndjson" }).on("error", () => {});
    stream.write(message);
    await begun();
    session.socket.destroy();
  },
  "a WebSocket that is closed": async ({ address }, path, begun) => {
    const socket = new WebSocket(`ws://${address}${path}`);
    await once(socket, "open");
    socket.send(message);
    await begun();
    socket.close(1000);
  },
  "a WebSocket whose connection breaks": async ({ address }, path, begun) => {
    const [host, port] = address.split(":");
    const socket = connect({ host, port: Number(port) }).on("error", () => {});
    const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n\r\n`);
    await once(socket, "data");
    socket.write(Buffer.concat([Buffer.of(0x81, 0x82, 0, 0, 0, 0), Buffer.from("{}")]));
    await begun();
    socket.destroy();
  },
  "a deadline": ({ address }, path) => stalled(address, path, { "grpc-timeout": "400m" }),
  "a body that stops": ({ address }, path) => stalled(address, path),
  "a body that continues with malformed JSON": ({ address }, path) => ended(address, path, `${message}{"payload":`),
  "a body with truncated gzip data": ({ address }, path) =>
    ended(address, path, Buffer.from("H4sI", "base64"), { "content-encoding": "gzip" }),
};

const header = (path: string): Fields => [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", path],
  [":authority", "localhost"],
  ["content-type", "application/x-ndjson"],
];

/** Sends a body that stalls after its first message. */
async function stalled(address: string, path: string, headers: Record<string, string> = {}): Promise<void> {
  const body = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from(message)) });
  await ask(address, path, body, headers);
}

async function ended(
  address: string,
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<void> {
  await ask(address, path, body, headers);
}

async function ask(address: string, path: string, body: NonNullable<RequestInit["body"]>, headers: Record<string, string>): Promise<void> {
  const init = { method: "POST", body, duplex: "half" as const, headers: { "content-type": "application/x-ndjson", ...headers } };
  await fetch(`http://${address}${path}`, init).then(
    (response) => response.text(),
    () => "",
  );
}

describe.each([
  ["grpc-go", serveGo],
  ["node:http2", async () => serveNode()],
] as const)("%s", { concurrent: false }, (_, serve) => {
  let upstream: Upstream | undefined;
  let front: Front;

  const start = async (upstream: Upstream) => {
    const options = { services: [TestService], upstream: upstream.address, unbound: true, bodyTimeoutMs: 1_000, graceMs: 200 };
    const folder = started.use(await Folder.make());
    const authority = await writeSet(folder);
    const gateway = createGateway(options);
    const secure = createGateway({ ...options, tls: { cert: folder.file("server.pem"), key: folder.file("server.key") } });
    started.defer(() => gateway.close());
    started.defer(() => secure.close());
    const { host } = new URL((await gateway.listen("127.0.0.1:0")).url);
    const { port } = await secure.listen("localhost:0");
    return { gateway, address: host, secure: { url: `https://localhost:${port}`, ca: authority.cert } };
  };

  beforeAll(async () => {
    upstream = await serve();
    if (upstream !== undefined) front = await start(upstream);
  }, 300_000);

  test("a complete upload ends with EOF", async ({ skip }) => {
    if (upstream === undefined) return skip("needs Go with grpc-go");
    const before = upstream.ends.length;
    for (const path of paths) await ended(front.address, path, message.repeat(3));
    await until(() => (upstream?.ends.length ?? 0) === before + 2);
    expect(upstream.ends.slice(before)).toEqual(["EOF", "EOF"]);
  });

  test.for(Object.keys(cuts))("%s: the upload is cancelled", async (cut, { skip }) => {
    if (upstream === undefined) return skip("needs Go with grpc-go");
    const { begun } = upstream;
    const before = upstream.ends.length;
    for (const path of paths) {
      const calls = begun();
      await cuts[cut]?.(front, path, () => until(() => begun() > calls));
    }
    // An upload that is invalid from its first byte may never reach the upstream.
    const calls = begun();
    await until(() => (upstream?.ends.length ?? 0) >= Math.min(before + 2, calls));
    expect(upstream.ends.slice(before)).not.toContain("EOF");
  });

  test("a gateway that shuts down: its uploads are cancelled", async ({ skip }) => {
    if (upstream === undefined) return skip("needs Go with grpc-go");
    const { begun } = upstream;
    const own = await start(upstream);
    const before = upstream.ends.length;
    const calls = begun();
    const uploads = paths.map((path) => stalled(own.address, path));
    const socket = new WebSocket(`ws://${own.address}${paths[0]}`);
    await once(socket, "open");
    socket.send("{}");
    await until(() => begun() >= calls + 3);
    await own.gateway.close();
    await Promise.all(uploads);
    await until(() => (upstream?.ends.length ?? 0) >= before + 3);
    expect(upstream.ends.slice(before)).not.toContain("EOF");
  });
});
