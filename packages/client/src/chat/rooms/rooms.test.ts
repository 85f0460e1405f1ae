// The client of the rooms, against a small service whose failures the test chooses.
import { type JoinRequest, Rooms } from "@grpc-study/proto/chat";
import { Code, implement, RpcError } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { serve, start } from "../../../test/io.ts";

/** One room in memory. `cut` ends all streams with an error; `failSay` fails the next calls of Say. */
function room() {
  const messages: { user: string; text: string; id: string; position: bigint }[] = [];
  const starts: JoinRequest["from"][] = [];
  let wake = Promise.withResolvers<void>();
  let failures = 0;
  const notify = (error?: RpcError) => {
    const { resolve, reject } = wake;
    wake = Promise.withResolvers<void>();
    wake.promise.catch(() => {});
    if (error === undefined) resolve();
    else reject(error);
  };
  wake.promise.catch(() => {});
  const service = implement(Rooms, {
    async *join({ user, from }, { signal }) {
      starts.push(from);
      signal.addEventListener("abort", () => notify());
      let position = from.case === "after" ? from.value : BigInt(Math.max(messages.length - (from.value ?? 0), 0));
      yield { event: { case: "present", value: { users: [user], position } } };
      while (!signal.aborted) {
        const message = messages[Number(position)];
        if (message === undefined) await wake.promise;
        else {
          yield { event: { case: "message", value: message } };
          position++;
        }
      }
    },
    say({ user, text, id }) {
      let known = messages.findIndex((message) => message.id === id && id !== "");
      if (known < 0) known = messages.push({ user, text, id, position: BigInt(messages.length + 1) }) - 1;
      notify();
      // Stored, but the answer is lost.
      if (failures-- > 0) throw new RpcError(Code.UNAVAILABLE, "lost");
      return { position: BigInt(known + 1) };
    },
    history: ({ pageToken }) =>
      pageToken === "" ? { messages: messages.slice(0, 1), nextPageToken: "1" } : { messages: messages.slice(1), nextPageToken: "" },
    members: () => ({ users: ["mei", "tom"] }),
  });
  return {
    service,
    starts,
    say: (text: string) => {
      messages.push({ user: "tom", text, id: "", position: BigInt(messages.length + 1) });
      notify();
    },
    cut: (code: Code) => notify(new RpcError(code, "cut")),
    failSay: (count: number) => {
      failures = count;
    },
  };
}

test("join prints the last messages, says the lines of a pipe, and ends once they have come back", async () => {
  const { service, say } = room();
  const { address } = await serve(service);
  say("one");
  say("two\nlines");
  const { stdin, ended } = start("chat", "rooms", "join", "lobby", "--user", "mei", "--last", "1", "--addr", address);
  stdin.end("你好\n\n  bye \n");
  const stdout = "* in the room: mei\ntom: two\n  lines\nmei: 你好\nmei: bye\n";
  expect(await ended).toEqual({ status: 0, stdout, stderr: "" });
});

test("join says the lines of a pipe once it is in the room, and so sees them without older messages", async () => {
  const { service } = room();
  const { address } = await serve(service);
  const { stdin, ended } = start("chat", "rooms", "join", "lobby", "--user", "mei", "--last", "0", "--addr", address);
  stdin.end("hi\n");
  expect(await ended).toEqual({ status: 0, stdout: "* in the room: mei\nmei: hi\n", stderr: "" });
});

test("join rejects --last with --after", async () => {
  const { ended } = start("chat", "rooms", "join", "lobby", "--last", "1", "--after", "9223372036854775807");
  expect(await ended).toMatchObject({ status: 2, stderr: expect.stringContaining("cannot be used with option '--last <n>'") });
});

test("say ends at --timeout, and at once if nothing listens; members of an empty room are no line", async () => {
  const { address, stop } = await serve(
    implement(Rooms, {
      async *join() {},
      say: () => new Promise<never>(() => {}),
      history: () => ({}),
      members: () => ({}),
    }),
  );
  const begin = performance.now();
  const say = (timeout: string) =>
    start("chat", "rooms", "say", "lobby", "hi", "--user", "mei", "--timeout", timeout, "--addr", address).ended;
  expect(await say("200ms")).toMatchObject({ status: 1, stderr: expect.stringMatching(/^DEADLINE_EXCEEDED/) });
  expect((await start("chat", "rooms", "members", "lobby", "--addr", address).ended).stdout).toBe("");
  await stop();
  expect(await say("1m")).toMatchObject({ status: 1, stderr: expect.stringMatching(/^UNAVAILABLE: cannot connect to/) });
  expect(performance.now() - begin).toBeLessThan(5000);
});

test("join continues after its last message when the stream is cut, and a line whose answer is lost is said once", async () => {
  const { service, say, cut, failSay, starts } = room();
  const { address } = await serve(service);
  say("one");
  const { stdin, stdout, ended } = start("chat", "rooms", "join", "lobby", "--user", "mei", "--json", "--addr", address);
  await seen(stdout, "one");
  cut(Code.UNAVAILABLE);
  say("in between");
  await seen(stdout, "in between");
  failSay(2);
  stdin.end("mine\n");
  const { status, stdout: output, stderr } = await ended;
  expect({ status, stderr }).toEqual({ status: 0, stderr: "* the connection is lost; trying again\n* connected again\n" });
  const texts = output
    .trim()
    .split("\n")
    .flatMap((line) => (JSON.parse(line) as { message?: { text: string } }).message?.text ?? []);
  expect(texts).toEqual(["one", "in between", "mine"]);
  expect(starts).toMatchObject([
    { case: "last", value: 10 },
    { case: "after", value: 1n },
  ]);
});

test("join says so when the server has lost its messages, and then begins anew", async () => {
  const { service, say, cut, starts } = room();
  const { address } = await serve(service);
  const { stdout, ended, interrupt } = start("chat", "rooms", "join", "lobby", "--addr", address);
  await seen(stdout, "in the room");
  cut(Code.OUT_OF_RANGE);
  say("new");
  await seen(stdout, "new");
  interrupt.raise();
  expect(await ended).toMatchObject({ status: 0, stderr: expect.stringContaining("* the server has lost the messages up to here\n") });
  expect(starts.at(-1)).toMatchObject({ case: "last", value: 1000 });
});

test.each([Code.PERMISSION_DENIED, Code.UNAVAILABLE])(
  "a first call that fails ends join with one line, while the input stays open: %i",
  async (code) => {
    const { address } = await serve(
      implement(Rooms, {
        async *join() {
          yield* [];
          throw new RpcError(code, "no");
        },
        say: () => ({}),
        history: () => ({}),
        members: () => ({}),
      }),
    );
    const { ended } = start("chat", "rooms", "join", "lobby", "--addr", address);
    expect(await ended).toEqual({ status: 1, stdout: "", stderr: `${Code[code]}: no\n` });
  },
);

test("say, history and members print their answers", async () => {
  const { service } = room();
  const { address } = await serve(service);
  const run = async (...args: string[]) => (await start("chat", "rooms", ...args, "--addr", address).ended).stdout;
  expect(await run("say", "lobby", "hello", "--user", "mei")).toBe("position:1\n");
  expect(await run("say", "lobby", "again", "--user", "mei", "--json")).toBe('{"position":"2"}\n');
  expect((await run("history", "lobby")).replaceAll(/^\S* /gm, "")).toBe("mei: hello\nmei: again\n");
  expect(await run("members", "lobby")).toBe("mei\ntom\n");
});

/** Resolves once the output has the text. */
function seen(output: NodeJS.ReadableStream, text: string): Promise<void> {
  let all = "";
  return new Promise((resolve) => {
    output.on("data", function onData(chunk: Buffer) {
      all += chunk;
      if (!all.includes(text)) return;
      output.off("data", onData);
      resolve();
    });
  });
}
