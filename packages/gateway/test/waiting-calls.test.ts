// Calls that have not begun at the upstream: they wait for the hook `metadata`, or for their body. Limits,
// shutdown and the client's time limit apply to them in each protocol.
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from "node:http2";
import { expect, onTestFinished, test, vi } from "vitest";
import { Calls, callsServer } from "./calls.ts";
import { startGateway } from "./gateway.ts";

/** An envelope with the message `{}`, or with an empty message. */
const json = Buffer.from("\x00\x00\x00\x00\x02{}", "latin1");
const empty = Buffer.alloc(5);

interface Kind {
  readonly method: string;
  readonly type: string;
  readonly body: string | Buffer;
  /** The header of the client's time limit: one millisecond, and 100. */
  readonly timeout: readonly [name: string, short: string, longer: string];
}

const connectTimeout = ["connect-timeout-ms", "1", "100"] as const;
const grpcTimeout = ["grpc-timeout", "1m", "100m"] as const;
const kinds: Readonly<Record<string, Kind>> = {
  "unary Connect": { method: "Echo", type: "application/json", body: "{}", timeout: connectTimeout },
  "a server stream of Connect": { method: "Repeat", type: "application/connect+json", body: json, timeout: connectTimeout },
  "a client stream of Connect": { method: "Join", type: "application/connect+json", body: json, timeout: connectTimeout },
  "unary gRPC-Web": { method: "Echo", type: "application/grpc-web+proto", body: empty, timeout: grpcTimeout },
  "unary gRPC": { method: "Echo", type: "application/grpc", body: empty, timeout: grpcTimeout },
  "a bidirectional stream of gRPC": { method: "Chat", type: "application/grpc", body: empty, timeout: grpcTimeout },
};
const cases = Object.entries(kinds);

function open(url: string): ClientHttp2Session {
  const session = connect(url).on("error", () => {});
  onTestFinished(() => session.destroy());
  return session;
}

function request(session: ClientHttp2Session, { method, type }: Kind, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
  const path = `/${Calls.typeName}/${method}`;
  return session.request({ ":method": "POST", ":path": path, "content-type": type, te: "trailers", ...headers }).on("error", () => {});
}

/** Resolves with the status, the body and the trailers of a response, as text. */
async function textOf(stream: ClientHttp2Stream): Promise<string> {
  let text = "";
  stream.on("response", (headers) => {
    text += JSON.stringify(headers);
  });
  stream.on("data", (data: Buffer) => {
    text += data.toString("latin1");
  });
  stream.on("trailers", (trailers) => {
    text += JSON.stringify(trailers);
  });
  if (!stream.closed) await once(stream, "close");
  return text;
}

/** A gateway whose hook never answers. */
async function start(options: Parameters<typeof startGateway>[1]) {
  const hook = vi.fn(() => new Promise<undefined>(() => {}));
  const { implementation, seen } = callsServer();
  return { ...(await startGateway(implementation, { hooks: { metadata: hook }, ...options })), hook, seen };
}

const unavailable = /"code":"unavailable"|grpc-status(?:: |":")14/;
const late = /"code":"deadline_exceeded"|grpc-status(?:: |":")4/;

test.each(cases)("%s that waits for the hook counts in the limits, and shutdown ends it", async (_name, kind) => {
  const { gateway, url, hook, seen } = await start({ maxCalls: 1, graceMs: 0 });
  const session = open(url);
  const waiting = request(session, kind);
  const first = textOf(waiting);
  waiting.end(kind.body);
  await vi.waitFor(() => expect(hook).toHaveBeenCalledTimes(1));
  const second = request(session, kind);
  second.end(kind.body);
  const rejected = await textOf(second);
  expect(rejected).toMatch(unavailable);
  expect(rejected).toContain("calls in flight");
  const closed = gateway.close();
  const ended = await first;
  expect(ended).toMatch(unavailable);
  expect(ended).toContain("shutting down");
  await closed;
  expect(seen.ends).toEqual([]);
});

test.each(cases)("%s that waits for the hook makes room once its client goes away", async (_name, kind) => {
  const { url, hook } = await start({ maxCalls: 1, graceMs: 0 });
  const session = open(url);
  const waiting = request(session, kind);
  waiting.end(kind.body);
  await vi.waitFor(() => expect(hook).toHaveBeenCalledTimes(1));
  waiting.close(8);
  await vi.waitFor(async () => {
    const { length } = hook.mock.calls;
    const next = request(session, kind);
    next.end(kind.body);
    const called = vi.waitFor(() => expect(hook.mock.calls.length).toBeGreaterThan(length));
    // A call above the limit is answered.
    await Promise.race([once(next, "response"), called.catch(() => {})]);
    expect(hook.mock.calls.length).toBeGreaterThan(length);
  });
});

test.each(cases)("%s that waits for the hook ends at the client's time limit", async (_name, kind) => {
  const { url } = await start({ graceMs: 0 });
  const [name, short] = kind.timeout;
  const waiting = request(open(url), kind, { [name]: short });
  waiting.end(kind.body);
  expect(await textOf(waiting)).toMatch(late);
});

test.each(cases)("%s whose body does not arrive ends at the client's time limit", async (_name, kind) => {
  const { implementation } = callsServer();
  const { url } = await startGateway(implementation, { graceMs: 0 });
  const [name, , longer] = kind.timeout;
  const waiting = request(open(url), kind, { [name]: longer });
  waiting.write(kind.body.slice(0, 1));
  expect(await textOf(waiting)).toMatch(late);
});
