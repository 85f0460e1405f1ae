// Statuses and metadata in both directions with grpc-go and C-core (Python): values arrive
// unchanged, over the same connection.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { anyPack, type StringValue, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient, implement, Metadata, RpcError } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { TestService } from "../../gen/grpc/testing/test_pb.js";
import { buildGo, hasGo } from "../harness/go-program.ts";
import { e2eFolder } from "../harness/paths.ts";
import { Process } from "../harness/process.ts";
import { serveRpc } from "../harness/rpc-server.ts";

const python = process.env["PYTHON_GRPC"] ?? "/usr/bin/python3";
const hasPython = spawnSync(python, ["-c", "import grpc"]).status === 0;

const peers = [
  { peer: "grpc-go", installed: hasGo, start: (args: readonly string[]) => new Process(buildGo("statuses"), args) },
  {
    peer: "C-core",
    installed: hasPython,
    start: (args: readonly string[]) => new Process(python, [join(e2eFolder, "foreign/python/statuses.py"), ...args]),
  },
];

const spaces = ["  two at both ends  ", " ", "what? why?", "100% #1", "%41 %zz %", "a\tb\r\nc", "\u0000\u001f\u007f", "~}|{", "\ufeffBOM"];

/**
 * Every code point of the Basic Multilingual Plane and every 16th of the others, in pieces whose
 * encoding fits into a header of 8 KiB.
 */
function* everyCodePoint(): Generator<string> {
  let text = "";
  let bytes = 0;
  for (let point = 0; point <= 0x10ffff; point += point < 0x10000 ? 1 : 16) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    const one = String.fromCodePoint(point);
    text += one;
    bytes += 3 * Buffer.byteLength(one);
    if (bytes < 7_000) continue;
    yield text;
    text = "";
    bytes = 0;
  }
  yield text;
}

const texts = [...spaces, ...everyCodePoint()];
const binary = [Buffer.from([0, 255, 44]), Buffer.from("second")];

interface Ending {
  readonly code: number;
  /** The status message, in base64. */
  readonly message: string;
  readonly header: Readonly<Record<string, readonly string[]>>;
  readonly trailer: Readonly<Record<string, readonly string[]>>;
}

/** Metadata that a proxy may have received, with reserved keys of HTTP and gRPC. */
function relayed(): Metadata {
  const metadata = new Metadata({ "x-kept": "yes" });
  for (const key of ["grpc-status", "grpc-message", "grpc-encoding", "content-type", "content-length", "connection", "te", "upgrade"])
    metadata.receive(key, "7");
  return metadata;
}

/** Returns a function that makes calls through a peer's client, one after the other. */
function callerOf(client: Process) {
  let calls = 0;
  return async (pairs: readonly (readonly [key: string, value: string])[]): Promise<Ending> => {
    client.stdin.write(`${JSON.stringify(pairs)}\n`);
    await client.stdout.count(++calls);
    return JSON.parse(client.stdout.lines[calls - 1] ?? "") as Ending;
  };
}

/**
 * Ends each call as its metadata requests, like the servers of the peers, and records the client
 * addresses.
 */
function ourService(callers: Set<string>) {
  return implement(TestService, {
    emptyCall(_request, { metadata, header, trailer, peer }) {
      callers.add(peer);
      if (metadata.has("x-only")) {
        // Reading the header does not send it.
        if (header.size === 0) throw new RpcError(Code.ABORTED, "trailers only", { metadata: relayed() });
      }
      for (const to of [header, trailer]) {
        for (const value of metadata.getAll("x-value")) to.add("x-value", value);
        for (const value of metadata.getAllBytes("x-value-bin")) to.add("x-value-bin", value);
      }
      const text = metadata.getBytes("x-text-bin");
      if (text !== undefined) throw new RpcError(Number(metadata.get("x-code")) as Code, text.toString());
      const length = metadata.get("x-long");
      if (length === undefined) return {};
      const large = create(StringValueSchema, { value: "d".repeat(40_000) }) satisfies StringValue;
      throw new RpcError(Code.NOT_FOUND, "m".repeat(Number(length)), { details: [anyPack(StringValueSchema, large)] });
    },
  });
}

// Sequential: one process of a peer at a time.
describe.each(peers)("$peer", { concurrent: false, timeout: 180_000 }, ({ peer, installed, start }) => {
  test.skipIf(!installed)("our client reads each status message of theirs unchanged, with spaces and all code points", async () => {
    await using server = start(["server"]);
    const port = await server.stdout.line(() => true);
    using client = createClient(TestService, `127.0.0.1:${port}`);
    for (const [index, text] of texts.entries()) {
      const code = 1 + (index % 16);
      const metadata = { "x-code": String(code), "x-text-bin": Buffer.from(text) };
      const error = await client.emptyCall({}, { metadata }).catch((error: unknown) => error);
      if (!(error instanceof RpcError)) throw new Error(`expected an RpcError, got ${String(error)}`);
      expect([error.code, error.message]).toEqual([code, text]);
    }
  });

  test.skipIf(!installed)("several values of one key stay separate in both directions", async () => {
    await using server = start(["server"]);
    const port = await server.stdout.line(() => true);
    using client = createClient(TestService, `127.0.0.1:${port}`);
    const seen: Metadata[] = [];
    const take = (metadata: Metadata) => void seen.push(metadata);
    await client.emptyCall({}, { metadata: { "x-value": ["a", "b, c", ""], "x-value-bin": binary }, onHeader: take, onTrailer: take });
    expect(seen).toHaveLength(2);
    for (const metadata of seen) {
      expect(metadata.getAll("x-value")).toEqual(["a", "b, c", ""]);
      expect(metadata.getAllBytes("x-value-bin")).toEqual(binary);
    }
  });

  test.skipIf(!installed)("an error of our server is a trailers-only response without the reserved keys of its metadata", async () => {
    await using server = await serveRpc([ourService(new Set())]);
    await using client = start(["client", server.address]);
    const ask = callerOf(client);
    const { code, message, header, trailer } = await ask([["x-only", "1"]]);
    expect([code, Buffer.from(message, "base64").toString()]).toEqual([Code.ABORTED, "trailers only"]);
    expect(header).toEqual({});
    expect(trailer).toMatchObject({ "x-kept": ["yes"] });
    for (const values of Object.values({ ...header, ...trailer })) expect(values).not.toContain("7");
    // The connection still works. grpc-go exposes the content type of a header; the error above
    // had no header.
    const fine = await ask([]);
    expect(fine.code).toBe(Code.OK);
    if (peer === "grpc-go") expect(fine.header).toHaveProperty("content-type");
  });

  test.skipIf(!installed)(
    "their client reads each status and all values of our server over one connection; long messages are shortened",
    async () => {
      const callers = new Set<string>();
      await using server = await serveRpc([ourService(callers)]);
      await using client = start(["client", server.address]);
      const ask = callerOf(client);
      const messageOf = ({ message }: Ending) => Buffer.from(message, "base64").toString();

      for (const [index, text] of texts.entries()) {
        const code = 1 + (index % 16);
        const ending = await ask([
          ["x-code", String(code)],
          ["x-text-bin", Buffer.from(text).toString("base64")],
        ]);
        expect([ending.code, messageOf(ending)]).toEqual([code, text]);
      }

      const encoded = binary.map((bytes) => bytes.toString("base64"));
      const values = await ask([
        ["x-value", "a"],
        ["x-value", "b, c"],
        ["x-value-bin", encoded[0] ?? ""],
        ["x-value-bin", encoded[1] ?? ""],
      ]);
      const expected = { "x-value": ["a", "b, c"], "x-value-bin": encoded };
      expect(values).toMatchObject({ code: Code.OK, header: expected, trailer: expected });

      for (const length of [8_000, 8_192, 70_000, 1_000_000]) {
        const ending = await ask([["x-long", String(length)]]);
        expect([ending.code, messageOf(ending)]).toEqual([
          Code.NOT_FOUND,
          expect.stringMatching(length === 8_000 ? /^m+(… \(shortened\))?$/u : /^m{7000,}… \(shortened\)$/u),
        ]);
        expect(await ask([])).toMatchObject({ code: Code.OK });
      }
      expect(callers.size).toBe(1);
    },
  );
});
