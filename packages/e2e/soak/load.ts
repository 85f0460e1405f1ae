// A child process that makes calls of all kinds, with all outcomes, until it is stopped. Its
// arguments are the server's address and the gateway's URL. On the message "pause" it waits until
// no call runs, and replies with the number of calls by outcome. On "resume" it continues.
import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:http2";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { ProdService, UserService } from "@grpc-study/proto/shop";
import { Code, createChannel, createClient, RpcError } from "@grpc-study/rpc";

const [address = "", gateway = ""] = process.argv.slice(2);
const counts: Record<string, number> = {};
/**
 * How many calls of each kind run at a time, and how long each pauses afterwards, in milliseconds.
 * The pause matters: a server disconnects a client that keeps resetting 200 streams a second.
 */
const concurrency = 2;
const restMs = 20;
const users = [1, 2, 3, 4, 5].map((userId) => ({ userId }));

const clients = () => {
  const channel = createChannel(address);
  return {
    prod: createClient(ProdService, channel),
    user: createClient(UserService, channel),
    close: () => channel.close(),
  };
};
const longLived = clients();
const agent = new Agent({ keepAlive: true, maxSockets: 10 });

type Clients = ReturnType<typeof clients>;

async function ask(path: string, body?: unknown, leave = false): Promise<string> {
  const sent = request(`${gateway}${path}`, { agent, method: body === undefined ? "GET" : "POST" });
  sent.on("error", () => {});
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  if (leave) {
    await setTimeout(1);
    sent.destroy();
    return "left";
  }
  const [response] = await once(sent, "response");
  await text(response);
  return `${response.statusCode}`;
}

const calls: Readonly<Record<string, (clients: Clients) => Promise<unknown>>> = {
  unary: ({ prod }) => prod.getProdStock({ prodId: 1 }),
  "unary, gzip": ({ user }) => user.getUserScore({ users }, { compression: "gzip", timeoutMs: 60_000 }),
  "server stream": ({ user }) => Array.fromAsync(user.getUserScoreByServerStream({ users })),
  "client stream": ({ user }) => user.getUserScoreByClientStream([{ users }, { users }]),
  bidi: ({ user }) => Array.fromAsync(user.getUserScoreByDoubleEndStream([{ users }, { users }, { users }])),
  "invalid argument": ({ prod }) => prod.getProdStock({ prodId: -1 }),
  "unary, cancelled": ({ prod }) => {
    const controller = new AbortController();
    const call = prod.getProdInfo({ prodId: 1 }, { signal: controller.signal });
    setImmediate(() => controller.abort());
    return call;
  },
  "bidi, cancelled": async ({ user }) => {
    const call = user.getUserScoreByDoubleEndStream();
    await call.send({ users });
    await call.recv();
    call.cancel();
    await call.recv();
  },
  "server stream, left": async ({ user }) => {
    for await (const _ of user.getUserScoreByServerStream({ users })) return;
  },
  "client stream, deadline": ({ user }) => {
    const call = user.getUserScoreByClientStream({ timeoutMs: 20 });
    return setTimeout(30).then(() => call.closeAndRecv());
  },
  "bidi, deadline": async ({ user }) => {
    const call = user.getUserScoreByDoubleEndStream({ timeoutMs: 20 });
    await call.send({ users });
    while ((await call.recv()) !== undefined);
  },
  "connection refused": async () => {
    using client = createClient(ProdService, "127.0.0.1:1");
    await client.getProdStock({ prodId: 1 }, { timeoutMs: 1_000 });
  },
  "a new connection for each call": async () => {
    const once = clients();
    try {
      await once.user.getUserScore({ users });
      await Array.fromAsync(once.user.getUserScoreByServerStream({ users }));
    } finally {
      once.close();
    }
  },
  "HTTP GET": () => ask("/v1/prod/1?prod_area=B"),
  "HTTP POST": () => ask("/services.UserService/GetUserScore", { users }),
  "HTTP stream": () => ask("/services.UserService/GetUserScoreByServerStream", { users }),
  "HTTP 400": () => ask("/v1/prod/x"),
  "HTTP 404": () => ask("/nothing"),
  "HTTP, left": () => ask("/services.UserService/GetUserScoreByServerStream", { users }, true),
  "HTTP/2, a new connection for each request": async () => {
    const session = connect(gateway);
    session.on("error", () => {});
    const stream = session.request({ ":path": "/v1/prod/1?prod_area=A" });
    const [header] = await once(stream, "response");
    await text(stream);
    session.close();
    return `${header[":status"]}`;
  },
};

let stopping = false;
/** While this is set, no call starts. */
let pause: PromiseWithResolvers<void> | undefined;
let running = 0;
async function repeat(name: string, call: (clients: Clients) => Promise<unknown>): Promise<void> {
  while (!stopping) {
    await pause?.promise;
    running++;
    const outcome = await call(longLived).then(
      (value) => (typeof value === "string" ? value : "OK"),
      (error: unknown) => (error instanceof RpcError ? Code[error.code] : `${error}`),
    );
    running--;
    counts[`${name}: ${outcome}`] = (counts[`${name}: ${outcome}`] ?? 0) + 1;
    await setTimeout(restMs);
  }
}

// Keeps the process alive while all calls wait: test/harness/resources-probe.ts unreferences the
// message channel.
setInterval(() => {}, 60_000);

async function settle(): Promise<void> {
  pause = Promise.withResolvers();
  while (running > 0) await setTimeout(5);
  // The resets of cancelled calls and the ends of closed connections must reach the peers.
  await setTimeout(200);
}

process.on("message", (question) => {
  if (question === "resume") pause?.resolve();
  if (question === "resume") pause = undefined;
  if (question === "pause") void settle().then(() => process.send?.(counts));
});
process.on("disconnect", () => process.exit());
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {
  stopping = true;
});
await Promise.all(Object.entries(calls).flatMap(([name, call]) => Array.from({ length: concurrency }, () => repeat(name, call))));
process.exit();
