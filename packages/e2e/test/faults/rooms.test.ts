// The chat rooms across processes: two workers, one log. Workers and the server of the log are killed
// in the middle of a conversation, and every reader has every message once.
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Rooms } from "@grpc-study/proto/chat";
import { Code, createClient, RpcError } from "@grpc-study/rpc";
import { natsMissing, postgresMissing, startNats, startPostgres } from "@grpc-study/test-servers";
import { expect, test } from "vitest";
import { startGateway } from "../gateway/gateways.ts";
import { startClient } from "../harness/client.ts";
import { type ServerProcess, serve } from "../harness/server.ts";
import { until } from "../harness/until.ts";
import { startBufCurl } from "../peers/buf-curl.ts";

const again: readonly Code[] = [Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED];

/** Says texts one after the other, each until the server confirms it. */
async function talk(address: string, room: string, user: string, count: number, onSaid: (said: number) => void): Promise<void> {
  for (let i = 0; i < count; i++) {
    const id = randomUUID();
    for (;;) {
      // A channel for each attempt: the connections spread over the workers.
      using client = createClient(Rooms, address, { pool: false });
      try {
        await client.say({ room, user, text: `${user} ${i}`, id }, { timeoutMs: 5000 });
        break;
      } catch (error) {
        expect(again).toContain(RpcError.from(error).code);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    onSaid(i + 1);
  }
}

/** Reads messages until there are `count`, joining again after the last position when a stream ends. */
async function listen(address: string, room: string, count: number): Promise<string[]> {
  const texts: string[] = [];
  let position: bigint | undefined;
  while (texts.length < count) {
    using client = createClient(Rooms, address, { pool: false });
    try {
      const from = position === undefined ? { case: "last" as const, value: 1000 } : { case: "after" as const, value: position };
      for await (const { event } of client.join({ room, from })) {
        if (event.case === "present") ({ position } = event.value);
        if (event.case !== "message") continue;
        ({ position } = event.value);
        texts.push(event.value.text);
        if (texts.length === count) break;
      }
    } catch (error) {
      expect(again).toContain(RpcError.from(error).code);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  return texts;
}

async function killWorker({ pid }: ServerProcess): Promise<void> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  process.kill(Number(children.split(" ")[0]), "SIGKILL");
}

for (const [option, missing, start] of [
  ["--database", postgresMissing(), startPostgres],
  ["--nats", natsMissing(), startNats],
] as const) {
  test.skipIf(missing !== undefined)(
    `with ${option}, no message is lost or doubled when workers and the log's server are killed${missing ? `: ${missing}` : ""}`,
    { timeout: 120_000 },
    async () => {
      await using log = await start();
      await using server = await serve("chat", { args: ["--workers", "2", option, log.url] });
      const { address } = server;
      const room = "客厅";
      const [talkers, each] = [4, 12];
      const total = talkers * each;
      const readers = Array.from({ length: 2 }, () => listen(address, room, total));
      await using command = startClient(["chat", "rooms", "join", room, "--user", "watcher", "--addr", address, "--json"]);
      await command.stdout.line((line) => line.includes('"present"'));
      let halfway = false;
      const talks = Array.from({ length: talkers }, (_, talker) =>
        talk(address, room, `talker-${talker}`, each, (said) => {
          if (talker === 0 && said === 3) void killWorker(server);
          if (talker === 0 && said === 6) halfway = true;
        }),
      );
      await until(() => halfway);
      await log.crash();
      await killWorker(server);
      await log.start();
      await Promise.all(talks);

      using client = createClient(Rooms, address);
      const history = await client.history({ room, pageSize: 1000 });
      const texts = history.messages.map(({ text }) => text);
      expect(texts.toSorted()).toEqual(
        Array.from({ length: total }, (_, i) => `talker-${i % talkers} ${Math.floor(i / talkers)}`).toSorted(),
      );
      for (const reader of readers) expect(await reader).toEqual(texts);
      const printed = () => command.stdout.lines.flatMap((line) => /"text":"([^"]+)"/.exec(line)?.[1] ?? []);
      await until(() => printed().length >= total);
      command.kill("SIGINT");
      expect(await command.exit).toEqual({ status: 0, signal: null });
      expect(printed()).toEqual(texts);
    },
  );
}

test("buf curl, HTTP by the gateway, Connect and our client talk in one room", { timeout: 60_000 }, async () => {
  await using server = await serve("chat");
  await using gateway = await startGateway(server.address, ["--reflection"]);
  await using go = startBufCurl(["-d", '{"room":"r","user":"gopher"}', `http://${server.address}/chat.Rooms/Join`]);
  await go.stdout.line((line) => line.includes("gopher"));
  const post = (path: string, body: string) =>
    fetch(`${gateway.url}${path}`, { method: "POST", headers: { "content-type": "application/json" }, body });
  expect((await post("/v1/rooms/r/messages", '{"user":"curl","text":"by HTTP","id":"1"}')).status).toBe(200);
  expect((await post("/chat.Rooms/Say", '{"room":"r","user":"c","text":"by Connect"}')).status).toBe(200);
  await using node = startClient(["chat", "rooms", "join", "r", "--user", "node", "--addr", server.address], { input: "by gRPC\n" });
  expect(await node.exit).toEqual({ status: 0, signal: null });
  expect(node.stdout.text).toBe("* in the room: gopher, node\ncurl: by HTTP\nc: by Connect\nnode: by gRPC\n");
  await go.stdout.line((line) => line.includes('"left": "node"'));
  const heard = [...go.stdout.text.matchAll(/"(text|joined|left)": "([^"]+)"/g)].map(([, kind, text]) => `${kind} ${text}`);
  expect(heard.toSorted()).toEqual(["joined node", "left node", "text by Connect", "text by HTTP", "text by gRPC"]);
  const events = await fetch(`${gateway.url}/v1/rooms/r/events?last=2`);
  const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
  let streamed = "";
  while (!streamed.includes("by gRPC")) streamed += (await reader?.read())?.value ?? "";
  expect(streamed).toContain("by Connect");
  await reader?.cancel();
  const members = await fetch(`${gateway.url}/v1/rooms/r/members`);
  expect(await members.json()).toEqual({ users: ["gopher"] });
});

test("workers without a server to share serve the tutorial's chat, and one line says that they have no rooms", {
  timeout: 60_000,
}, async () => {
  await using server = await serve("chat", { args: ["--workers", "2"] });
  const warnings = server.messages.filter((message) => message.startsWith("chat.Rooms is NOT_SERVING"));
  expect(warnings).toEqual([
    "chat.Rooms is NOT_SERVING: its workers need a server that they share; name one with --nats (NATS_URL) or --database (DATABASE_URL)",
  ]);
  using client = createClient(Rooms, server.address);
  await expect(client.say({ room: "r", user: "mei", text: "x" })).rejects.toMatchObject({ code: Code.FAILED_PRECONDITION });
});
