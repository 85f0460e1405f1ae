// channelz with grpc-go: its client reads ours, and both count the same for the same calls.
import { type DescMessage, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { createChannel, createClient, createServer } from "@grpc-study/rpc";
import { Channelz, channelz } from "@grpc-study/rpc/channelz";
import { Health } from "@grpc-study/rpc/health";
import { describe, expect, onTestFinished, test } from "vitest";
import { buildGo, hasGo } from "../harness/go-program.ts";
import { outcomeOf, Process } from "../harness/process.ts";

type Observer = ReturnType<typeof observe>;

function observe(address: string) {
  const channel = createChannel(address, { pool: false });
  onTestFinished(() => channel.close());
  return createClient(Channelz, channel);
}

async function startServer() {
  const server = createServer();
  server.add(channelz());
  onTestFinished(async () => void (await server.shutdown({ graceMs: 0, abortMs: 0 })));
  const { address } = await server.listen("127.0.0.1:0");
  return address;
}

/** Calls health: three times with OK, and twice with NOT_FOUND. */
async function callFive(address: string): Promise<void> {
  const channel = createChannel(address, { pool: false });
  onTestFinished(() => channel.close());
  const client = createClient(Health, channel);
  for (const service of ["", "nope", "", "nope", ""]) await client.check({ service }).catch(() => {});
}

/** The channel that has made five calls, with its subchannel and its socket. */
async function clientSide(observer: Observer) {
  const { channel } = await observer.getTopChannels({});
  const found = channel.find(({ data }) => data?.callsStarted === 5n);
  const { subchannel } = await observer.getSubchannel({ subchannelId: found?.subchannelRef[0]?.subchannelId ?? 0n });
  const { socket } = await observer.getSocket({ socketId: subchannel?.socketRef[0]?.socketId ?? 0n });
  return { channel: found, subchannel, socket };
}

/** The server with an address, and the socket whose peer is another one. */
async function serverSide(observer: Observer, peer: ReturnType<typeof addressOf>) {
  const { server } = await observer.getServers({});
  for (const { ref } of server) {
    const { socketRef } = await observer.getServerSockets({ serverId: ref?.serverId ?? 0n });
    for (const { socketId } of socketRef) {
      const { socket } = await observer.getSocket({ socketId });
      if (addressOf(socket?.remote) === peer)
        return { server: (await observer.getServer({ serverId: ref?.serverId ?? 0n })).server, socket };
    }
  }
  throw new Error(`no server has a connection to ${peer}`);
}

function addressOf(address: NonNullable<Awaited<ReturnType<Observer["getSocket"]>>["socket"]>["local"]): string {
  if (address?.address.case !== "tcpipAddress") throw new Error(`the address is ${address?.address.case}`);
  const { ipAddress, port } = address.address.value;
  // grpc-go gives 16 bytes for an IPv4 address.
  return `${ipAddress.subarray(-4).join(".")}:${port}`;
}

const five = { callsStarted: 5n, callsSucceeded: 3n, callsFailed: 2n };
// A call that fails with a status ends its stream as one that succeeds does.
const near = { streamsStarted: 5n, streamsSucceeded: 5n, streamsFailed: 0n, messagesSent: 5n, messagesReceived: 3n };
const far = { ...near, messagesSent: 3n, messagesReceived: 5n };

// One after another, because channelz shows the whole process.
describe.skipIf(!hasGo)("channelz", { concurrent: false }, () => {
  test("our client and a grpc-go server count the same", async () => {
    const ours = await startServer();
    await using go = new Process(buildGo("channelz"), ["serve", ours]);
    const target = `127.0.0.1:${await go.stdout.line(() => true)}`;
    await callFive(target);
    const client = await clientSide(observe(ours));
    expect(client.channel?.data).toMatchObject({ ...five, state: { state: 3 }, target });
    expect(client.subchannel?.data).toMatchObject({ ...five, state: { state: 3 } });
    expect(client.socket?.data).toMatchObject(near);
    const server = await serverSide(observe(target), addressOf(client.socket?.local));
    expect(server.socket?.data).toMatchObject(far);
  });

  test("a grpc-go client and our server count the same", async () => {
    const ours = await startServer();
    await using go = new Process(buildGo("channelz"), ["serve", ours]);
    const target = `127.0.0.1:${await go.stdout.line(() => true)}`;
    const client = await clientSide(observe(target));
    expect(client.channel?.data).toMatchObject(five);
    expect(client.socket?.data).toMatchObject(near);
    const server = await serverSide(observe(ours), addressOf(client.socket?.local));
    expect(server.socket?.data).toMatchObject(far);
    // grpc-go names its sockets in the same way.
    expect(
      client.socket?.ref?.name === "" ||
        client.socket?.ref?.name === `${addressOf(client.socket?.local)} -> ${addressOf(client.socket?.remote)}`,
    ).toBe(true);
  });

  test("grpc-go's client reads every server, channel, subchannel and socket, page by page", async () => {
    const ours = await startServer();
    const others = [await startServer(), await startServer()];
    for (const address of others) await callFive(address);
    const { status, stdout, stderr } = await outcomeOf(new Process(buildGo("channelz"), ["walk", ours]));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const outputs: Readonly<Record<string, DescMessage>> = Object.fromEntries(
      Channelz.methods.map(({ localName, output }) => [localName, output]),
    );
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => {
        const method = line.slice(0, line.indexOf(" "));
        const json = JSON.parse(line.slice(method.length)) as JsonValue;
        fromJson(outputs[method] as DescMessage, json);
        return { method, json: json as never };
      });
    // Each method, and no method twice for the same entity.
    expect(new Set(lines.map(({ method }) => method))).toEqual(new Set(Channelz.methods.map(({ localName }) => localName)));
    const sockets = lines
      .filter(({ method }) => method === "getSocket")
      .map(({ json }) => (json as { socket: { ref: { socketId: string } } }).socket.ref.socketId);
    expect(new Set(sockets).size).toBe(sockets.length);
    // Three listening sockets, both ends of two connections, and grpc-go's own connection.
    expect(sockets.length).toBe(8);
    const channels = lines.filter(({ method }) => method === "getChannel").map(({ json }) => json as { channel: { data: object } });
    expect(channels.map(({ channel }) => channel.data)).toMatchObject([
      { callsStarted: "5", callsSucceeded: "3", callsFailed: "2", state: { state: "READY" }, target: others[0] },
      { callsStarted: "5", callsSucceeded: "3", callsFailed: "2", state: { state: "READY" }, target: others[1] },
    ]);
  });
});
