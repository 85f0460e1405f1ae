import { once } from "node:events";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { Greeter as ChatGreeter, Rooms } from "@grpc-study/proto/chat";
import { Greeter } from "@grpc-study/proto/helloworld";
import { ProdService } from "@grpc-study/proto/shop";
import { Code, createClient, implement, ListenError } from "@grpc-study/rpc";
import { Channelz } from "@grpc-study/rpc/channelz";
import { Health, HealthCheckResponse_ServingStatus } from "@grpc-study/rpc/health";
import { ServerReflection } from "@grpc-study/rpc/reflection";
import { describe, expect, onTestFinished, test } from "vitest";
import { recordLog } from "../test/serve-services.ts";
import { chat } from "./chat/index.ts";
import { ProcessStore } from "./data/store-source.ts";
import type { Front } from "./front.ts";
import { type ServeOptions, serve } from "./serve.ts";
import { shop } from "./shop/index.ts";
import { StartError } from "./start-error.ts";
import { streams } from "./streams/index.ts";
import type { HttpListener, Topic } from "./topic.ts";
import { UserList } from "./user-list.ts";

// grpc-js would write failures to listen to stderr.
setLogVerbosity(logVerbosity.NONE);

test("each topic is an endpoint with its bound address and its services", async () => {
  const { endpoints } = await start([chat, streams], { port: 0 });
  expect(endpoints).toEqual([
    {
      topic: "chat",
      address: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/),
      services: ["pb.Greeter", "chat.Rooms"],
      security: "plaintext",
    },
    {
      topic: "streams",
      address: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/),
      services: ["StreamServer", "StreamClient", "Stream"],
      security: "plaintext",
    },
  ]);
  expect(endpoints[0]?.address).not.toBe(endpoints[1]?.address);
});

test("by default a topic listens on its own port; with `port`, further listeners take the next ports", async () => {
  const port = await freePorts(3);
  const listener = (port: number) => ({ port, security: "plaintext" }) as const;
  const topic = { ...chat, listeners: [listener(port), listener(port + 2)] };
  const stay = await start([topic]);
  expect(stay.endpoints).toMatchObject([{ address: `127.0.0.1:${port}` }, { address: `127.0.0.1:${port + 2}` }]);
  await stay.shutdown();
  const moved = await start([topic], { port: port + 1 });
  expect(moved.endpoints).toMatchObject([{ address: `127.0.0.1:${port + 1}` }, { address: `127.0.0.1:${port + 2}` }]);
});

test("every endpoint has health and reflection", async () => {
  const { endpoints } = await start([chat, streams], { port: 0 });
  for (const { address, services } of endpoints) {
    using health = createClient(Health, address);
    expect(await health.check({ service: services[0] ?? "" })).toMatchObject({ status: HealthCheckResponse_ServingStatus.SERVING });
    using reflection = createClient(ServerReflection, address);
    const [answer] = await Array.fromAsync(
      reflection.serverReflectionInfo([{ messageRequest: { case: "listServices", value: "" } }]),
      ({ messageResponse }) => messageResponse,
    );
    expect(answer).toMatchObject({
      case: "listServicesResponse",
      value: { service: expect.arrayContaining(services.map((name) => expect.objectContaining({ name }))) },
    });
  }
});

test("with `admin`, channelz shows the servers of all topics, and goes last", async () => {
  const serving = await start([chat, streams], { port: 0, admin: "127.0.0.1:0" });
  const admin = serving.endpoints.find(({ topic }) => topic === "admin");
  expect(admin?.services).toEqual(["grpc.channelz.v1.Channelz"]);
  using client = createClient(Channelz, admin?.address ?? "");
  const { server } = await client.getServers({});
  expect(server.map(({ ref }) => ref?.name)).toEqual(expect.arrayContaining(serving.endpoints.map(({ address }) => address)));
  using health = createClient(Health, admin?.address ?? "");
  expect(await health.check({})).toMatchObject({ status: HealthCheckResponse_ServingStatus.SERVING });
  using topic = createClient(Channelz, serving.endpoints[0]?.address ?? "");
  await expect(topic.getServers({})).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
  await serving.shutdown();
  await expect(client.getServers({})).rejects.toMatchObject({ code: Code.UNAVAILABLE });
});

test("an `admin` address in use ends the topics, too", async () => {
  const blocker = createTcpServer().listen(0, "127.0.0.1");
  onTestFinished(() => void blocker.close());
  await once(blocker, "listening");
  const { port } = blocker.address() as AddressInfo;
  const starting = start([chat], { port: 0, admin: `127.0.0.1:${port}` });
  await expect(starting).rejects.toThrow(new StartError(`--admin: cannot listen on 127.0.0.1:${port}: the address is already in use`));
});

test("every endpoint validates requests by the rules of the .proto files, after access control", async () => {
  const open = await start([shop], { port: 0, security: "plaintext" });
  const guarded = await start([shop], { port: 0, security: "token", users: new UserList([{ user: "xiaoming", token: "123321123" }]) });
  const ask = (address = "", metadata = {}) => {
    const client = createClient(ProdService, address);
    onTestFinished(() => client[Symbol.dispose]());
    return client.getProdStock({ prodId: -1 }, { metadata });
  };
  await expect(ask(open.endpoints[0]?.address)).rejects.toMatchObject({
    code: Code.INVALID_ARGUMENT,
    message: expect.stringMatching(/^prod_id /),
  });
  const address = guarded.endpoints[0]?.address;
  await expect(ask(address)).rejects.toMatchObject({ code: Code.UNAUTHENTICATED });
  await expect(ask(address, { user: "xiaoming", token: "123321123" })).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
});

test("a port in use is one line with topic and port, and the other topics are ended", async () => {
  const { port, release } = await occupy();
  onTestFinished(release);
  const free = await freePorts(1);

  const error = await start([at(free, chat), at(port, streams)]).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(StartError);
  expect(error).toMatchObject({ message: `topic streams: port ${port} is already in use (127.0.0.1:${port})` });

  const again = await start([at(free, chat)]);
  expect(again.endpoints, "its port is free again").toMatchObject([{ address: `127.0.0.1:${free}` }]);
});

test("an address of another machine is one line with topic and address", async () => {
  // TEST-NET-1: never an address of this machine.
  await expect(start([chat], { host: "192.0.2.1", port: 0 })).rejects.toMatchObject({
    name: "StartError",
    message: expect.stringMatching(/^topic chat: .*192\.0\.2\.1.*$/),
  });
});

test("shutdown lets a running call finish", async () => {
  const running = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const slow: Topic = {
    ...chat,
    services: () => [
      implement(Greeter, {
        sayHello: async () => {
          running.resolve();
          await finish.promise;
          return { message: "at last" };
        },
      }),
    ],
  };
  const serving = await start([slow], { port: 0 });
  using client = createClient(Greeter, serving.endpoints[0]?.address ?? "");
  const reply = client.sayHello({});
  await running.promise;
  const down = serving.shutdown();
  finish.resolve();
  expect((await reply).message).toBe("at last");
  await down;
});

test("shutdown logs the calls that it cuts off", async () => {
  const { log, lines } = recordLog();
  const serving = await start([chat], { port: 0, log });
  using client = createClient(ChatGreeter, serving.endpoints[0]?.address ?? "");
  const call = client.bidiHello();
  await call.send({ name: "1" });
  await call.recv();
  await serving.shutdown({ graceMs: 0 });
  expect(lines).toContainEqual(
    expect.objectContaining({ level: "warn", method: "/pb.Greeter/BidiHello", how: "aborted", msg: "call cut off" }),
  );
});

describe("an HTTP listener", () => {
  /** A listener that records what it gets. */
  function gateway(events: unknown[]): HttpListener {
    return {
      port: 1,
      security: "HTTP, plaintext",
      async listen({ port, upstreams }) {
        events.push({ port, upstreams: upstreams.map(({ security }) => security) });
        return { port: 9468, services: ["a.Service"], shutdown: async () => void events.push("shutdown") };
      },
    };
  }

  test("starts after its topic's gRPC servers, on the next port, and ends before them", async () => {
    const events: unknown[] = [];
    const port = await freePorts(2);
    const topic = { ...chat, listeners: [...chat.listeners, gateway(events)] };
    const serving = await start([topic], { port });
    expect(events).toEqual([{ port: port + 1, upstreams: ["plaintext"] }]);
    expect(serving.endpoints).toMatchObject([
      { address: `127.0.0.1:${port}` },
      { topic: "chat", address: "127.0.0.1:9468", services: ["a.Service"], security: "HTTP, plaintext" },
    ]);
    using client = createClient(ChatGreeter, `127.0.0.1:${port}`);
    const call = client.bidiHello();
    await call.send({ name: "1" });
    await call.recv();
    const down = serving.shutdown({ graceMs: 0 });
    expect(events.at(-1)).toBe("shutdown");
    await down;
  });

  test("stays when one protection takes the place of the gRPC listeners", async () => {
    const events: unknown[] = [];
    const users = new UserList([{ user: "a", token: "b" }]);
    const topic = { ...shop, listeners: [...shop.listeners, gateway(events)] };
    const { endpoints } = await start([topic], { port: 0, security: "token", users });
    expect(endpoints.map(({ security }) => security)).toEqual(["token", "HTTP, plaintext"]);
  });

  test("that fails ends the gRPC servers, and is one line with the topic", async () => {
    const port = await freePorts(1);
    const listen = () => Promise.reject(new StartError("the gateway cannot reach it"));
    const topic = { ...chat, listeners: [...chat.listeners, { ...gateway([]), listen }] };
    const starting = start([topic], { port });
    await expect(starting).rejects.toThrow(new StartError("topic chat: the gateway cannot reach it"));
    await (await occupy(port)).release();
  });
});

describe("a front", () => {
  /** A front that records what it gets. */
  const front = (events: unknown[]): Front => ({
    name: "console",
    summary: "all topics",
    port: 1,
    async listen({ port, topics }) {
      const fronted = topics.map(({ name, services, upstreams }) => [name, services.map(({ typeName }) => typeName), upstreams.length]);
      events.push({ port, topics: fronted });
      return { port: 9470, services: ["all"], shutdown: async () => void events.push("shutdown") };
    },
  });

  test("starts after all topics, on the next port, with their services and servers", async () => {
    const events: unknown[] = [];
    const port = await freePorts(2);
    const serving = await start([chat], { port, front: front(events) });
    expect(events).toEqual([{ port: port + 1, topics: [["chat", [ChatGreeter.typeName, Rooms.typeName], 1]] }]);
    expect(serving.endpoints.at(-1)).toEqual({
      topic: "console",
      address: "127.0.0.1:9470",
      services: ["all"],
      security: "HTTP, plaintext",
    });
    await serving.shutdown({ graceMs: 0 });
    expect(events.at(-1)).toBe("shutdown");
  });

  test("that fails ends the topics, and is one line that says how to serve without it", async () => {
    const port = await freePorts(2);
    const { release } = await occupy(port + 1);
    const listen = () => Promise.reject(new ListenError(`127.0.0.1:${port + 1}`, "in use", "EADDRINUSE"));
    await expect(start([chat], { port, front: { ...front([]), listen } })).rejects.toThrow(
      new StartError(`console: port ${port + 1} is already in use (127.0.0.1:${port + 1}); --no-console serves without it`),
    );
    await release();
    await (await occupy(port)).release();
  });

  test("needs a port that exists", async () => {
    const starting = start([at(65535, chat)], { port: 65535, front: front([]) });
    await expect(starting).rejects.toThrow("console: it needs the port 65536, but the last one is 65535");
  });
});

/** Serves until the test ends. Default host: 127.0.0.1. */
async function start(topics: readonly Topic[], options: Partial<ServeOptions> = {}) {
  const { log } = recordLog();
  const store = topics.some(({ keepsData }) => keepsData) ? new ProcessStore("memory", log) : undefined;
  const serving = await serve(topics, { host: "127.0.0.1", log, store, ...options });
  onTestFinished(() => serving.shutdown({ graceMs: 0 }));
  return serving;
}

function at(port: number, topic: Topic): Topic {
  return { ...topic, listeners: [{ port, security: "plaintext" }] };
}

/** Returns the first of `count` consecutive ports that were free a moment ago. */
async function freePorts(count: number): Promise<number> {
  const first = await occupy();
  const next = Array.from({ length: count - 1 }, (_, n) => occupy(first.port + 1 + n));
  const occupied = await Promise.allSettled([first, ...next]);
  for (const one of occupied) if (one.status === "fulfilled") await one.value.release();
  return occupied.every(({ status }) => status === "fulfilled") ? first.port : await freePorts(count);
}

/** Listens on a port of 127.0.0.1. */
async function occupy(port = 0) {
  const occupier = createTcpServer().listen(port, "127.0.0.1");
  await once(occupier, "listening");
  return {
    port: (occupier.address() as AddressInfo).port,
    release: async () => {
      occupier.close();
      await once(occupier, "close");
    },
  };
}
