// channelz over real servers and channels: what each call leaves in the counts, and which entities
// exist at which time (gRFC A14).
import { X509Certificate } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { type Identity, newAuthority } from "../../../test/authority.ts";
import {
  connect,
  everyKind,
  failureOf,
  kindNames,
  kinds,
  start,
  startBy,
  startServer,
  type TestHandlers,
  TestService,
  transports,
} from "../../../test/harness.ts";
import { type Channel, type Client, Code, createChannel, createClient, createServer, implement, RpcError } from "../../index.ts";
import { Channelz, channelz } from "./index.ts";

const everyCount = { callsStarted: 8n, callsSucceeded: 3n, callsFailed: 5n };

const responses = everyKind(async ({ metadata, signal }) => {
  if (metadata.has("fail")) throw new RpcError(Code.NOT_FOUND, "no such thing");
  if (metadata.has("wait")) await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  return "done";
});

/** Handlers that read their requests before they respond. */
const handlers: TestHandlers = {
  ...responses,
  async clientStream(requests, context) {
    for await (const _ of requests);
    return responses.clientStream?.(requests, context) ?? {};
  },
  async *bidiStream(requests, context) {
    for await (const _ of requests);
    yield* responses.bidiStream?.(requests, context) ?? [];
  },
};

/** Three calls that succeed, three that the handler fails, one that is cancelled, and one that times out. */
async function callEight(client: Client<typeof TestService>, kind: (typeof kindNames)[number]): Promise<void> {
  const call = kinds[kind];
  for (let count = 0; count < 3; count++) {
    await call(client, "x");
    await failureOf(call(client, "x", { metadata: { fail: "1" } }));
  }
  const controller = new AbortController();
  const cancelled = failureOf(call(client, "x", { metadata: { wait: "1" }, signal: controller.signal }));
  setTimeout(() => controller.abort(), 50);
  await cancelled;
  await failureOf(call(client, "x", { metadata: { wait: "1" }, timeoutMs: 50 }));
}

/** A client of channelz, in process. */
function observe(): Client<typeof Channelz> {
  const server = createServer();
  server.add(channelz());
  onTestFinished(async () => void (await server.shutdown()));
  return createClient(Channelz, server.channel());
}

async function allServers(observer: Client<typeof Channelz>) {
  return (await observer.getServers({})).server;
}

async function serverAt(observer: Client<typeof Channelz>, address: string) {
  const found = (await allServers(observer)).find(({ ref }) => ref?.name === address);
  if (found === undefined) throw new Error(`there is no server at ${address}`);
  return found;
}

async function channelTo(observer: Client<typeof Channelz>, target: string) {
  const { channel } = await observer.getTopChannels({});
  const found = channel.filter(({ data }) => data?.target === target);
  if (found.length !== 1) throw new Error(`there are ${found.length} channels to ${target}`);
  return found[0];
}

async function subchannelsOf(observer: Client<typeof Channelz>, target: string) {
  const found = await channelTo(observer, target);
  const answers = (found?.subchannelRef ?? []).map(({ subchannelId }) => observer.getSubchannel({ subchannelId }));
  return (await Promise.all(answers)).map(({ subchannel }) => subchannel);
}

async function socketOf(observer: Client<typeof Channelz>, refs: readonly { readonly socketId: bigint }[] | undefined) {
  const [ref, ...others] = refs ?? [];
  if (ref === undefined || others.length > 0) throw new Error(`there are ${refs?.length} sockets`);
  return (await observer.getSocket({ socketId: ref.socketId })).socket;
}

function open(target: string, options = {}): Channel {
  const channel = createChannel(target, options);
  onTestFinished(() => channel.close());
  return channel;
}

const everyKindOfCall = kindNames.map((kind) => ({ kind }));

test.each(transports.flatMap((transport) => everyKindOfCall.map(({ kind }) => ({ transport, kind }))))(
  "a server counts its calls by their status: $kind over $transport",
  async ({ transport, kind }) => {
    const observer = observe();
    const known = new Set((await allServers(observer)).map(({ ref }) => ref?.serverId));
    const { client } = await startBy(transport, handlers);
    await callEight(client, kind);
    const added = async () => (await allServers(observer)).filter(({ ref }) => !known.has(ref?.serverId));
    // The server learns of the cancelled calls last.
    await expect.poll(async () => (await added())[0]?.data?.callsFailed).toBe(5n);
    const [server] = await added();
    expect(server?.data).toMatchObject(everyCount);
    const ms = Number(server?.data?.lastCallStartedTimestamp?.seconds) * 1000;
    expect(Math.abs(Date.now() - ms)).toBeLessThan(20_000);
  },
);

test.each(everyKindOfCall)("a channel, its subchannel and both sockets count calls, streams and messages: $kind", async ({ kind }) => {
  const observer = observe();
  const { address } = await startServer(handlers);
  const client = createClient(TestService, open(address));
  await callEight(client, kind);
  const channel = await channelTo(observer, address);
  expect(channel?.data).toMatchObject(everyCount);
  const [subchannel] = await subchannelsOf(observer, address);
  expect(subchannel?.data).toMatchObject(everyCount);
  expect(subchannel?.data?.lastCallStartedTimestamp).toBeDefined();

  const near = await socketOf(observer, subchannel?.socketRef);
  const serverId = (await serverAt(observer, address)).ref?.serverId ?? 0n;
  const listed = await observer.getServerSockets({ serverId });
  expect(listed.end).toBe(true);
  const far = await socketOf(observer, listed.socketRef);
  // The cancelled calls end with a reset; DEADLINE_EXCEEDED may come from either side.
  const counts = near?.data;
  expect([counts?.streamsStarted, (counts?.streamsSucceeded ?? 0n) + (counts?.streamsFailed ?? 0n)]).toEqual([8n, 8n]);
  expect(counts?.streamsFailed).toBeGreaterThanOrEqual(1n);
  expect([counts?.messagesSent, counts?.messagesReceived]).toEqual([8n, 3n]);
  expect([far?.data?.streamsStarted, far?.data?.messagesSent]).toEqual([8n, 3n]);
  expect(far?.data?.messagesReceived).toBe(8n);
  expect(counts?.lastLocalStreamCreatedTimestamp).toBeDefined();
  expect(counts?.lastRemoteStreamCreatedTimestamp).toBeUndefined();
  expect(far?.data?.lastRemoteStreamCreatedTimestamp).toBeDefined();
  expect(far?.data?.lastLocalStreamCreatedTimestamp).toBeUndefined();
  for (const data of [counts, far?.data]) {
    expect(data?.lastMessageSentTimestamp).toBeDefined();
    expect(data?.lastMessageReceivedTimestamp).toBeDefined();
    expect(data?.localFlowControlWindow).toBeGreaterThan(0n);
    expect(data?.remoteFlowControlWindow).toBeGreaterThan(0n);
  }
  expect(near?.local).toEqual(far?.remote);
  expect(near?.remote).toEqual(far?.local);
  const port = Number(address.split(":")[1]);
  expect(near?.remote?.address).toMatchObject({ value: { port, ipAddress: Uint8Array.of(127, 0, 0, 1) } });
  expect(near?.ref?.name).toMatch(/^127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+$/);
});

test("calls that run are started, and neither succeeded nor failed", async () => {
  const observer = observe();
  const { address, client } = await start(handlers);
  const controller = new AbortController();
  const call = failureOf(client.unary({}, { metadata: { wait: "1" }, signal: controller.signal }));
  const running = { callsStarted: 1n, callsSucceeded: 0n, callsFailed: 0n };
  await expect.poll(async () => (await serverAt(observer, address)).data).toMatchObject(running);
  expect((await channelTo(observer, address))?.data).toMatchObject(running);
  controller.abort();
  await call;
  expect((await channelTo(observer, address))?.data).toMatchObject({ callsStarted: 1n, callsFailed: 1n });
});

test.each([
  ["retry", { retry: { maxAttempts: 3, initialBackoffMs: 1, maxBackoffMs: 1, codes: ["UNAVAILABLE"] } }],
  ["hedging", { methods: [{ service: TestService, hedging: { maxAttempts: 3, delayMs: 60_000, nonFatalCodes: ["UNAVAILABLE"] } }] }],
])("with a policy of %s, the channel counts a call once and its subchannel each attempt", async (_, options) => {
  const observer = observe();
  let attempts = 0;
  const { address } = await startServer({
    unary() {
      if (++attempts < 3) throw new RpcError(Code.UNAVAILABLE, "not yet");
      return { text: "at last" };
    },
  });
  const client = createClient(TestService, open(address, options));
  expect(await client.unary({})).toMatchObject({ text: "at last" });
  expect((await channelTo(observer, address))?.data).toMatchObject({ callsStarted: 1n, callsSucceeded: 1n, callsFailed: 0n });
  const [subchannel] = await subchannelsOf(observer, address);
  expect(subchannel?.data).toMatchObject({ callsStarted: 3n, callsSucceeded: 1n, callsFailed: 2n });
});

test("ids stay the same, differ between all kinds, and an id of another kind is NOT_FOUND", async () => {
  const observer = observe();
  const { address, client } = await start(handlers);
  await client.unary({});
  const read = async () => {
    const server = await serverAt(observer, address);
    const [subchannel] = await subchannelsOf(observer, address);
    const { socketRef } = await observer.getServerSockets({ serverId: server.ref?.serverId ?? 0n });
    return {
      server: server.ref?.serverId,
      listen: server.listenSocket[0]?.socketId,
      channel: (await channelTo(observer, address))?.ref?.channelId,
      subchannel: subchannel?.ref?.subchannelId,
      near: subchannel?.socketRef[0]?.socketId,
      far: socketRef[0]?.socketId,
    };
  };
  const ids = await read();
  await client.unary({});
  expect(await read()).toEqual(ids);
  const all = Object.values(ids).map((id) => id ?? 0n);
  expect(new Set(all).size).toBe(6);
  for (const id of all) expect(id).toBeGreaterThan(0n);

  const lookups = {
    server: (id: bigint) => observer.getServer({ serverId: id }),
    channel: (id: bigint) => observer.getChannel({ channelId: id }),
    subchannel: (id: bigint) => observer.getSubchannel({ subchannelId: id }),
    socket: (id: bigint) => observer.getSocket({ socketId: id }),
  };
  const kindOf = { server: "server", listen: "socket", channel: "channel", subchannel: "subchannel", near: "socket", far: "socket" };
  for (const [name, kind] of Object.entries(kindOf)) {
    const id = ids[name as keyof typeof ids] ?? 0n;
    for (const [asked, lookup] of Object.entries(lookups)) {
      if (asked === kind) await lookup(id);
      else
        expect(await failureOf(lookup(id))).toMatchObject({
          code: Code.NOT_FOUND,
          message: `this process has no ${asked} with the id ${id}`,
        });
    }
  }
  for (const id of [0n, -1n, 2n ** 62n]) {
    for (const lookup of [...Object.values(lookups), (id: bigint) => observer.getServerSockets({ serverId: id })]) {
      expect(await failureOf(lookup(id))).toMatchObject({ code: Code.NOT_FOUND });
    }
  }
});

test("channels are paged in the order of their ids, at most 100 at a time", async () => {
  const observer = observe();
  const mine = Array.from({ length: 250 }, (_, index) => open(`127.0.0.1:${index + 1}`));
  const pages = async (maxResults: bigint) => {
    const seen: bigint[] = [];
    const sizes: number[] = [];
    for (let next = 0n; ; ) {
      const { channel, end } = await observer.getTopChannels({ startChannelId: next, maxResults });
      seen.push(...channel.map(({ ref }) => ref?.channelId ?? 0n));
      sizes.push(channel.length);
      if (end) return { seen, sizes };
      expect(channel.length).toBeGreaterThan(0);
      next = (seen.at(-1) ?? 0n) + 1n;
    }
  };
  const { seen, sizes } = await pages(0n);
  expect(sizes).toEqual([100, 100, 50]);
  expect(seen).toEqual([...seen].sort((a, b) => Number(a - b)));
  expect(new Set(seen).size).toBe(250);
  expect(await pages(7n)).toMatchObject({ seen, sizes: [...new Array(35).fill(7), 5] });
  expect((await pages(1_000_000n)).sizes).toEqual([100, 100, 50]);
  expect((await pages(50n)).sizes).toEqual([50, 50, 50, 50, 50]);
  // A closed channel leaves the others on their pages.
  mine[120]?.close();
  const gone = seen[120];
  expect((await pages(0n)).seen).toEqual(seen.filter((id) => id !== gone));
  expect((await observer.getTopChannels({ startChannelId: gone ?? 0n, maxResults: 1n })).channel[0]?.ref?.channelId).toBe(seen[121]);
});

test("each id is a valid start, a page may be empty, and a negative max_results is INVALID_ARGUMENT", async () => {
  const observer = observe();
  const { address } = await startServer(handlers);
  const { serverId = 0n } = (await serverAt(observer, address)).ref ?? {};
  expect((await observer.getServers({ startServerId: -5n })).server.length).toBeGreaterThanOrEqual(2);
  expect(await observer.getServers({ startServerId: 2n ** 62n })).toMatchObject({ server: [], end: true });
  expect(await observer.getServers({ startServerId: serverId, maxResults: 1n })).toMatchObject({ server: [{ ref: { serverId } }] });
  expect(await observer.getServerSockets({ serverId })).toMatchObject({ socketRef: [], end: true });
  const negative = { code: Code.INVALID_ARGUMENT, message: "max_results must be 0 or more, got -1" };
  for (const call of [
    observer.getTopChannels({ maxResults: -1n }),
    observer.getServers({ maxResults: -1n }),
    observer.getServerSockets({ serverId, maxResults: -1n }),
  ]) {
    expect(await failureOf(call)).toMatchObject(negative);
  }
});

test("the sockets of a server are paged", async () => {
  const observer = observe();
  const { address } = await startServer(handlers);
  const channels = Array.from({ length: 5 }, () => open(address, { pool: false }));
  await Promise.all(channels.map((channel) => channel.connect()));
  const { serverId = 0n } = (await serverAt(observer, address)).ref ?? {};
  const first = await observer.getServerSockets({ serverId, maxResults: 3n });
  expect([first.socketRef.length, first.end]).toEqual([3, false]);
  const next = await observer.getServerSockets({ serverId, maxResults: 3n, startSocketId: (first.socketRef[2]?.socketId ?? 0n) + 1n });
  expect([next.socketRef.length, next.end]).toEqual([2, true]);
});

test("channels with the same connections share their subchannels, and have their own counts", async () => {
  const observer = observe();
  const { address } = await startServer(handlers);
  const [one, other] = [open(address), open(address)];
  await createClient(TestService, one).unary({});
  await createClient(TestService, other).unary({});
  await createClient(TestService, other).unary({});
  const { channel } = await observer.getTopChannels({});
  const both = channel.filter(({ data }) => data?.target === address);
  expect(both.map(({ data }) => data?.callsStarted)).toEqual([1n, 2n]);
  const [shared] = both[0]?.subchannelRef ?? [];
  expect(both.map(({ subchannelRef }) => subchannelRef)).toEqual([[shared], [shared]]);
  const { subchannel } = await observer.getSubchannel({ subchannelId: shared?.subchannelId ?? 0n });
  expect(subchannel?.data?.callsStarted).toBe(3n);
});

test("round_robin has a subchannel for each address", async () => {
  const observer = observe();
  const servers = [await startServer(handlers), await startServer(handlers)];
  const target = `ipv4:${servers.map(({ address }) => address).join()}`;
  const client = createClient(TestService, open(target, { balancing: "round_robin", healthCheck: {} }));
  for (let count = 0; count < 10; count++) await client.unary({});
  await expect.poll(async () => (await subchannelsOf(observer, target)).map((each) => each?.data?.state?.state)).toEqual([3, 3]);
  const subchannels = await subchannelsOf(observer, target);
  expect(subchannels.map((each) => each?.ref?.name)).toEqual(servers.map(({ address }) => address));
  // The calls of health checking are streams, and no calls.
  expect(subchannels.reduce((sum, each) => sum + (each?.data?.callsStarted ?? 0n), 0n)).toBe(10n);
  servers[0]?.server.health.set("", "NOT_SERVING");
  await expect.poll(async () => (await subchannelsOf(observer, target))[0]?.data?.state?.state).toBe(4);
  const [sick] = await subchannelsOf(observer, target);
  expect(sick?.data?.trace?.events.at(-1)?.description).toMatch(/^not healthy: .*NOT_SERVING$/);
});

test("a channel shows its states, and why it failed", async () => {
  const observer = observe();
  const { server, address } = await startServer(handlers);
  const channel = open(address, { backoff: { initialMs: 20, maxMs: 20 } });
  const state = async () => (await channelTo(observer, address))?.data?.state?.state;
  expect(await state()).toBe(1);
  await channel.connect();
  expect(await state()).toBe(3);
  await server.shutdown({ graceMs: 0, abortMs: 0 });
  await expect.poll(state).toBe(1);
  channel.connect().catch(() => {});
  await expect.poll(state).toBe(4);
  for (const { data } of [await channelTo(observer, address), ...(await subchannelsOf(observer, address))].flatMap((each) => each ?? [])) {
    const events = data?.trace?.events.map(({ description, severity }) => ({ description, severity })) ?? [];
    expect(events.slice(0, 3).map(({ description }) => description)).toEqual(["connecting", "ready", "idle"]);
    expect(events.at(-1)).toMatchObject({
      severity: 2,
      description: expect.stringMatching(/^failed: cannot connect to .*connection refused/),
    });
    expect(data?.trace?.numEventsLogged).toBeGreaterThanOrEqual(BigInt(events.length));
    expect(Math.abs(Date.now() - Number(data?.trace?.creationTimestamp?.seconds) * 1000)).toBeLessThan(20_000);
  }
});

test("a trace keeps the last 30 events, and counts all", async () => {
  const observer = observe();
  const channel = open("127.0.0.1:1", { backoff: { initialMs: 1, maxMs: 1 } });
  channel.connect().catch(() => {});
  const trace = async () => (await subchannelsOf(observer, "127.0.0.1:1"))[0]?.data?.trace;
  await expect.poll(async () => Number((await trace())?.numEventsLogged)).toBeGreaterThan(40);
  expect((await trace())?.events.length).toBe(30);
});

test("sockets are gone with their connection, channels when they close, and servers after their shutdown", async () => {
  const observer = observe();
  const { server, address } = await startServer(handlers);
  const channel = open(address, { pool: false });
  await createClient(TestService, channel).unary({});
  const { serverId = 0n } = (await serverAt(observer, address)).ref ?? {};
  const [subchannel] = await subchannelsOf(observer, address);
  const ids = [subchannel?.socketRef[0]?.socketId ?? 0n, (await observer.getServerSockets({ serverId })).socketRef[0]?.socketId ?? 0n];
  const { channelId = 0n } = (await channelTo(observer, address))?.ref ?? {};
  channel.close();
  expect(await failureOf(observer.getChannel({ channelId }))).toMatchObject({ code: Code.NOT_FOUND });
  for (const socketId of ids) {
    await expect.poll(() => failureOf(observer.getSocket({ socketId }))).toMatchObject({ code: Code.NOT_FOUND });
  }
  expect((await observer.getServer({ serverId })).server?.listenSocket.length).toBe(1);
  await server.shutdown();
  expect(await failureOf(observer.getServer({ serverId }))).toMatchObject({ code: Code.NOT_FOUND });
});

test("a server that shuts down listens no more, and keeps the sockets of its running calls", async () => {
  const observer = observe();
  const { server, address, client } = await start(handlers);
  const call = failureOf(client.unary({}, { metadata: { wait: "1" } }));
  await expect.poll(async () => (await serverAt(observer, address)).data?.callsStarted).toBe(1n);
  const { serverId = 0n } = (await serverAt(observer, address)).ref ?? {};
  const done = server.shutdown({ graceMs: 300 });
  const { server: stopping } = await observer.getServer({ serverId });
  expect(stopping?.listenSocket).toEqual([]);
  expect(stopping?.data?.trace?.events.map(({ description }) => description)).toEqual([
    `listens on ${address}`,
    "shuts down: no further connections and calls",
  ]);
  expect((await observer.getServerSockets({ serverId })).socketRef.length).toBe(1);
  // The channel has the draining connection, too.
  const [subchannel] = await subchannelsOf(observer, address);
  expect(subchannel?.socketRef.length).toBe(1);
  await call;
  await done;
  await expect.poll(async () => (await subchannelsOf(observer, address))[0]?.socketRef).toEqual([]);
});

test("channels and servers that a program drops without closing them are collected", async () => {
  const observer = observe();
  const before = (await allServers(observer)).length;
  const drop = () => {
    for (let count = 0; count < 50; count++) {
      createChannel(`127.0.0.1:${count + 1}`, { pool: false });
      createServer().add(implement(TestService, handlers));
    }
  };
  drop();
  const left = async () => {
    globalThis.gc?.();
    return (await observer.getTopChannels({})).channel.length + (await allServers(observer)).length - before;
  };
  await expect.poll(left).toBeLessThanOrEqual(2);
});

test("localhost is two listening sockets, and a socket in the file system has its path", async () => {
  const observer = observe();
  const server = createServer();
  server.add(implement(TestService, handlers));
  onTestFinished(async () => void (await server.shutdown()));
  const { port } = await server.listen("localhost:0");
  const path = `/tmp/channelz-${process.pid}.sock`;
  await server.listen(`unix:${path}`);
  const name = `127.0.0.1:${port}, [::1]:${port}, unix:${path}`;
  const { listenSocket } = await serverAt(observer, name);
  const addresses = await Promise.all(
    listenSocket.map(async ({ socketId }) => (await observer.getSocket({ socketId })).socket?.local?.address),
  );
  expect(addresses).toMatchObject([
    { case: "tcpipAddress", value: { ipAddress: Uint8Array.of(127, 0, 0, 1), port } },
    { case: "tcpipAddress", value: { ipAddress: Uint8Array.from([...new Array(15).fill(0), 1]), port } },
    { case: "udsAddress", value: { filename: path } },
  ]);
  const client = connect(`unix:${path}`);
  await client.unary({});
  const [subchannel] = await subchannelsOf(observer, `unix:${path}`);
  const near = await socketOf(observer, subchannel?.socketRef);
  expect(near?.remote?.address).toMatchObject({ case: "udsAddress", value: { filename: path } });
  expect(near?.security).toBeUndefined();
});

test("mutual TLS: each socket has the cipher and both certificates", async () => {
  const observer = observe();
  const authority = await newAuthority();
  const [own, peer] = [await authority.issue("server"), await authority.issue("client")];
  const server = createServer();
  server.add(implement(TestService, handlers));
  onTestFinished(async () => void (await server.shutdown()));
  const { address } = await server.listen("127.0.0.1:0", { ...own, clientCa: authority.cert });
  const client = createClient(TestService, open(address, { tls: { ca: authority.cert, ...peer } }));
  await client.unary({});
  const [subchannel] = await subchannelsOf(observer, address);
  const near = await socketOf(observer, subchannel?.socketRef);
  const { serverId = 0n } = (await serverAt(observer, address)).ref ?? {};
  const far = await socketOf(observer, (await observer.getServerSockets({ serverId })).socketRef);
  const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("hex");
  const der = ({ cert }: Identity) => hex(new X509Certificate(cert).raw);
  for (const [socket, local, remote] of [
    [near, peer, own],
    [far, own, peer],
  ] as const) {
    const model = socket?.security?.model;
    if (model?.case !== "tls") throw new Error(`the security is ${model?.case}`);
    expect(model.value.cipherSuite).toMatchObject({ case: "standardName", value: expect.stringMatching(/^TLS_[A-Z0-9_]+$/) });
    expect(hex(model.value.localCertificate)).toBe(der(local));
    expect(hex(model.value.remoteCertificate)).toBe(der(remote));
  }
});
