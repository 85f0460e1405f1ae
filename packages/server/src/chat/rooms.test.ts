// The rooms over each log. Two servers, each with a log of its own, stand for two processes.
import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { memoryLive } from "@grpc-study/live";
import { type JoinRequestSchema, type JoinResponse, Rooms } from "@grpc-study/proto/chat";
import { type CallOptions, type Client, Code, createClient, RpcError } from "@grpc-study/rpc";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@grpc-study/rpc/error-details";
import { Health, HealthCheckResponse_ServingStatus as Status } from "@grpc-study/rpc/health";
import { natsMissing, postgresMissing, startNats, startPostgres, type TestServer } from "@grpc-study/test-servers";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { recordLog } from "../../test/serve-services.ts";
import type { Security } from "../access.ts";
import { ProcessLive } from "../live/live-source.ts";
import { serve } from "../serve.ts";
import type { Topic } from "../topic.ts";
import { greeter } from "./greeter.ts";
import { chat } from "./index.ts";
import { Presence } from "./presence.ts";
import { type RoomsOptions, rooms } from "./rooms.ts";

const beatMs = 300;

interface Served {
  readonly client: Client<typeof Rooms>;
  statusOf(service: string): Promise<string | undefined>;
}

async function serveRooms(live: ProcessLive | undefined, options: RoomsOptions & { security?: Security } = {}): Promise<Served> {
  const { security = "plaintext", ...roomsOptions } = options;
  const topic: Topic = {
    ...chat,
    listeners: [{ port: 0, security }],
    users: [{ user: "mei", token: "m" }],
    services: (_log, sources) => [greeter(), rooms(sources, ofRooms.log, { beatMs, ...roomsOptions })],
  };
  const { endpoints, shutdown } = await serve([topic], { host: "127.0.0.1", log: recordLog().log, live });
  const address = endpoints[0]?.address ?? "";
  const [client, health] = [createClient(Rooms, address), createClient(Health, address)];
  onTestFinished(async () => {
    client[Symbol.dispose]();
    health[Symbol.dispose]();
    await shutdown({ graceMs: 0 });
  });
  return { client, statusOf: async (service) => Status[(await health.check({ service })).status] };
}

/** Opens a stream, and returns a function for the next events: `mei: hello`, `+ mei`, `- mei`, `= mei, tom`. */
function join(client: Client<typeof Rooms>, request: MessageInitShape<typeof JoinRequestSchema>, options: CallOptions = {}) {
  const end = new AbortController();
  onTestFinished(() => end.abort());
  const stream = client.join(request, { ...options, signal: end.signal });
  let position = 0n;
  const next = async (): Promise<string> => {
    const { value } = await stream[Symbol.asyncIterator]().next();
    if (value === undefined) return "the end";
    if (value.event.case === "message" || value.event.case === "present") ({ position } = value.event.value);
    return textOf(value);
  };
  return {
    next,
    async take(count: number) {
      const events: string[] = [];
      while (events.length < count) events.push(await next());
      return events;
    },
    get position() {
      return position;
    },
    leave: () => end.abort(),
  };
}

function textOf({ event }: JoinResponse): string {
  if (event.case === "message") return `${event.value.user}: ${event.value.text}`;
  if (event.case === "present") return `= ${event.value.users.join(", ")}`;
  return `${event.case === "joined" ? "+" : "-"} ${event.value}`;
}

async function errorOf(call: Promise<unknown>): Promise<RpcError> {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof RpcError)) throw new Error("the call did not fail", { cause: error });
  return error;
}

const ofLogs = recordLog();
const ofRooms = recordLog();

const memory = () => {
  const shared = new ProcessLive("memory", recordLog().log);
  return () => shared;
};

for (const [name, missing, start] of [
  ["memory", undefined, undefined],
  ["PostgreSQL", postgresMissing(), startPostgres],
  ["NATS", natsMissing(), startNats],
] as const) {
  describe.skipIf(missing !== undefined)(`over ${name}${missing ? `: ${missing}` : ""}`, () => {
    let server: TestServer | undefined;
    beforeAll(async () => {
      server = await start?.();
    }, 60_000);
    afterAll(() => server?.[Symbol.asyncDispose]());

    /** A log for each process; in memory, there is one process. */
    const logs = () => {
      const url = server?.url;
      if (url === undefined) return memory();
      return () => new ProcessLive(name === "NATS" ? { nats: url } : { database: url }, ofLogs.log);
    };

    test("who joins sees everybody, the last messages and each further one, whichever process serves", { timeout: 60_000 }, async () => {
      const room = randomUUID();
      const open = logs();
      const [one, two] = [await serveRooms(open()), await serveRooms(open())];
      for (const text of ["1", "2", "3"]) await one.client.say({ room, user: "mei", text });
      const tom = join(one.client, { room, user: "tom", from: { case: "last", value: 2 } });
      expect(await tom.take(3)).toEqual(["= tom", "mei: 2", "mei: 3"]);
      const mei = join(two.client, { room, user: "梅" });
      expect(await mei.next()).toBe("= tom, 梅");
      expect(await tom.next()).toBe("+ 梅");
      await one.client.say({ room, user: "tom", text: "hello" });
      await two.client.say({ room, user: "梅", text: "你好" });
      expect(await mei.take(2)).toEqual(["tom: hello", "梅: 你好"]);
      expect(await tom.take(2)).toEqual(["tom: hello", "梅: 你好"]);
      expect((await two.client.members({ room })).users).toEqual(["tom", "梅"]);

      mei.leave();
      expect(await tom.next()).toBe("- 梅");
      await one.client.say({ room, user: "tom", text: "missed" });
      const again = join(two.client, { room, from: { case: "after", value: mei.position } });
      expect(await again.take(2)).toEqual(["= tom", "tom: missed"]);
    });

    test("a message with an id is stored once, and history has all of them by pages", { timeout: 60_000 }, async () => {
      const room = randomUUID();
      const { client } = await serveRooms(logs()());
      const said = await Promise.all(Array.from({ length: 5 }, () => client.say({ room, user: "mei", text: "once", id: "a" })));
      expect(new Set(said.map(({ position }) => position)).size).toBe(1);
      // The id of another user.
      await client.say({ room, user: "tom", text: "twice", id: "a" });
      await client.say({ room, user: "tom", text: "x\n\0y" });
      const texts: string[] = [];
      let pageToken = "";
      do {
        const page = await client.history({ room, pageSize: 2, pageToken });
        texts.push(...page.messages.map(({ user, text, id }) => `${user} ${text} ${id}`));
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      expect(texts).toEqual(["mei once a", "tom twice a", "tom x\n\0y "]);
      expect(await client.history({ room: `${room}-other` })).toMatchObject({ messages: [], nextPageToken: "" });
    });

    test.skipIf(start === undefined)(
      "a process that crashes takes its users along, and one whose log is away loses nobody",
      { timeout: 60_000 },
      async () => {
        const room = randomUUID();
        const open = logs();
        const crashing = open();
        const [one, two] = [await serveRooms(open()), await serveRooms(crashing)];
        const tom = join(one.client, { room, user: "tom" });
        expect(await tom.next()).toBe("= tom");
        const mei = join(two.client, { room, user: "mei" });
        expect([await tom.next(), await mei.next()]).toEqual(["+ mei", "= mei, tom"]);
        await server?.crash();
        expect(await errorOf(one.client.say({ room, user: "tom", text: "lost?", id: "1" }))).toMatchObject({ code: Code.UNAVAILABLE });
        await new Promise((resolve) => setTimeout(resolve, 5 * beatMs));
        await server?.start();
        await expect
          .poll(
            () =>
              one.client.say({ room, user: "tom", text: "lost?", id: "1" }).then(
                () => "said",
                () => "",
              ),
            { timeout: 20_000 },
          )
          .toBe("said");
        expect(await tom.next()).toBe("tom: lost?");
        expect(await mei.next()).toBe("tom: lost?");
        // Its last beat cannot be stored.
        await crashing.close();
        expect(await tom.next()).toBe("- mei");
      },
    );

    test.skipIf(start === undefined)(
      "a log whose server is away is UNAVAILABLE and NOT_SERVING, while the tutorial's chat goes on",
      { timeout: 60_000 },
      async () => {
        const { client, statusOf } = await serveRooms(logs()());
        await expect.poll(() => statusOf("chat.Rooms"), { timeout: 20_000 }).toBe("SERVING");
        await server?.crash();
        const error = await errorOf(client.say({ room: "x", user: "mei", text: "1" }));
        expect(error).toMatchObject({ code: Code.UNAVAILABLE, message: "the live log cannot be reached" });
        expect(error.findDetails(RetryInfoSchema)).toMatchObject([{ retryDelay: { seconds: 1n } }]);
        await expect.poll(() => statusOf("chat.Rooms"), { timeout: 20_000 }).toBe("NOT_SERVING");
        expect(await statusOf("pb.Greeter")).toBe("SERVING");
        await server?.start();
        await expect.poll(() => statusOf("chat.Rooms"), { timeout: 20_000 }).toBe("SERVING");
        expect(ofLogs.messages().join("\n")).toMatch(new RegExp(`^the live log is in ${name} at 127\\.0\\.0\\.1:\\d+`, "m"));
        expect(ofLogs.messages()).toContain("the live log is available");
      },
    );
  });
}

test("a client that reads too slowly is told where it may continue, and then misses nothing", { timeout: 60_000 }, async () => {
  const { client } = await serveRooms(memory()(), { maxBehind: 20 });
  const slow = join(client, { room: "r" });
  expect(await slow.next()).toBe("= ");
  const text = "长".repeat(2000);
  for (let i = 0; i < 400; i++) await client.say({ room: "r", user: "mei", text: `${i}${text.slice(5)}` });
  const received: string[] = [];
  let stream = slow;
  const read = async () => {
    for (;;) received.push(String(Number.parseInt((await stream.next()).slice(5), 10)));
  };
  const error = await errorOf(read());
  expect(error.code).toBe(Code.RESOURCE_EXHAUSTED);
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "BEHIND", metadata: { position: `${slow.position}` } }]);
  expect(received.length).toBeLessThan(380);
  stream = join(client, { room: "r", from: { case: "after", value: slow.position } });
  expect(await stream.next()).toBe("= ");
  while (received.length < 400) received.push(String(Number.parseInt((await stream.next()).slice(5), 10)));
  expect(received).toEqual(Array.from({ length: 400 }, (_, i) => String(i)));
});

test("who asks for the members of other rooms leaves a room its messages", { timeout: 60_000 }, async () => {
  const { client } = await serveRooms(memory()());
  await client.say({ room: "r", user: "mei", text: "kept" });
  const asked = await Promise.all(Array.from({ length: 1001 }, (_, i) => client.members({ room: `m${i}` })));
  expect(asked.every(({ users }) => users.length === 0)).toBe(true);
  expect((await client.history({ room: "r" })).messages).toMatchObject([{ text: "kept" }]);
});

test("beats of short stays are deleted, and who asks for members leaves none", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  const live = memoryLive();
  const [one, two] = [new Presence(ofRooms.log), new Presence(ofRooms.log)];
  const beats = async () => (await live.read("members/r", { limit: 1000 })).length;
  for (let i = 0; i < 5; i++) (await one.enter(live, "r", "tom")).leave();
  await expect.poll(beats).toBe(10);
  vi.setSystemTime(Date.now() + 60_000);
  const visit = await one.enter(live, "r", "mei");
  await expect.poll(beats).toBe(1);
  expect([await one.users(live, "r"), await two.users(live, "r"), await beats()]).toEqual([["mei"], ["mei"], 1]);
  vi.setSystemTime(Date.now() + 90_000);
  expect(await two.users(live, "r")).toEqual([]);
  visit.leave();
  await live.close();
});

test("entries that are neither beats nor messages are skipped", async () => {
  const live = memory()();
  const { client } = await serveRooms(live);
  const call = { signal: new AbortController().signal };
  for (const text of ["no JSON", "[]", '{"id":"x","users":[1]}']) await live.aside?.publish("members/r", Buffer.from(text));
  const tom = join(client, { room: "r", user: "tom" });
  expect(await tom.next()).toBe("= tom");
  await live.aside?.publish("members/r", Buffer.from("no JSON"));
  await live.use(call, (log) => log.publish("room/r", Buffer.from([255])));
  await client.say({ room: "r", user: "mei", text: "hello" });
  expect(await tom.next()).toBe("mei: hello");
  expect((await client.history({ room: "r" })).messages).toMatchObject([{ text: "hello" }]);
  const mei = join(client, { room: "r", user: "mei" });
  expect([await mei.next(), await tom.next()]).toEqual(["= mei, tom", "+ mei"]);
  expect(ofRooms.messages()).toContain("an entry of the room is no message, and is skipped");
});

test("a position of another log is OUT_OF_RANGE with the reason", async () => {
  const { client } = await serveRooms(memory()());
  const error = await errorOf(join(client, { room: "r", from: { case: "after", value: 5n } }).next());
  expect(error.code).toBe(Code.OUT_OF_RANGE);
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "TRIMMED", metadata: { position: "5" } }]);
});

test("the user of a token speaks as itself", async () => {
  const { client } = await serveRooms(memory()(), { security: "token" });
  const options = { metadata: { user: "mei", token: "m" } };
  await client.say({ room: "r", text: "1" }, options);
  expect(await errorOf(client.say({ room: "r", user: "tom", text: "2" }, options))).toMatchObject({
    code: Code.PERMISSION_DENIED,
    message: "mei may not speak as tom",
  });
  expect((await client.history({ room: "r" }, options)).messages).toMatchObject([{ user: "mei", text: "1" }]);
  expect(await join(client, { room: "r" }, options).next()).toBe("= mei");
});

const wrong = [
  [{ room: "", user: "mei", text: "x" }, "room"],
  [{ room: "a/b", user: "mei", text: "x" }, "room"],
  [{ room: "🙂", user: "mei", text: "x" }, "room"],
  [{ room: "r".repeat(65), user: "mei", text: "x" }, "room"],
  [{ room: "r", user: "", text: "x" }, "user"],
  [{ room: "r", user: "a b", text: "x" }, "user"],
  [{ room: "r", user: "mei", text: "" }, "text"],
  [{ room: "r", user: "mei", text: "x".repeat(2001) }, "text"],
  [{ room: "r", user: "mei", text: "x", id: "a b" }, "id"],
] as const;

test("a request that breaks a rule is INVALID_ARGUMENT with the field", async () => {
  const { client } = await serveRooms(memory()());
  for (const [request, field] of wrong) {
    const error = await errorOf(client.say(request));
    expect(error.code).toBe(Code.INVALID_ARGUMENT);
    expect(error.findDetails(BadRequestSchema)).toMatchObject([{ fieldViolations: [{ field }] }]);
  }
});

test("processes without a server to share have no rooms, and say so", async () => {
  const { client, statusOf } = await serveRooms(undefined);
  expect(await errorOf(client.say({ room: "r", user: "mei", text: "x" }))).toMatchObject({
    code: Code.FAILED_PRECONDITION,
    message: "the service is not available here: the processes of this server share no log",
  });
  expect([await statusOf("chat.Rooms"), await statusOf("pb.Greeter")]).toEqual(["NOT_SERVING", "SERVING"]);
});
