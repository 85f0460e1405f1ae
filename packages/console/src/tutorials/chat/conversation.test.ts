// A conversation over streams that fail.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type CodeName, localStatus } from "../../call/status.ts";
import type { Listener } from "../calls.ts";
import { Conversation } from "./conversation.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The streams that a conversation opens. */
class Streams {
  readonly all: { readonly sent: string[]; readonly listener: Listener<{ readonly reply: string }>; cancelled: boolean }[] = [];

  readonly conversation = new Conversation({
    random: () => 1,
    open: (listener) => {
      const stream = { sent: [] as string[], listener, cancelled: false };
      this.all.push(stream);
      return {
        send: ({ name }) => void stream.sent.push(name),
        halfClose: () => {},
        cancel: () => {
          stream.cancelled = true;
        },
      };
    },
  });

  get last() {
    return this.all.at(-1) as (typeof this.all)[0];
  }

  reply(reply: string) {
    this.last.listener.onMessage({ reply });
  }

  fail(code: CodeName) {
    this.last.listener.onEnd(localStatus(code, "gone"));
  }

  get texts() {
    return this.conversation.lines.value.map(({ from, text, isAnswered }) => `${from}: ${text}${isAnswered ? "" : " (no reply)"}`);
  }
}

test("replies answer the lines in order", () => {
  const streams = new Streams();
  for (const text of ["a", "b"]) streams.conversation.say(text);
  streams.reply("A");
  expect(streams.last.sent).toEqual(["a", "b"]);
  expect(streams.texts).toEqual(["me: a", "me: b (no reply)", "server: A"]);
});

test("after a failure, it connects after longer and longer delays, and sends again what has no reply", () => {
  const streams = new Streams();
  streams.conversation.say("a");
  streams.reply("A");
  streams.conversation.say("b");
  const delays: number[] = [];
  for (let attempt = 0; attempt < 8; attempt++) {
    streams.fail("UNAVAILABLE");
    const state = streams.conversation.state.value;
    delays.push(state.kind === "waiting" ? state.at - Date.now() : 0);
    if (attempt === 0) streams.conversation.say("c");
    vi.advanceTimersToNextTimer();
  }
  expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
  expect(streams.last.sent).toEqual(["b", "c"]);
  streams.reply("B");
  // The delays begin anew.
  streams.fail("UNAVAILABLE");
  expect(streams.conversation.state.value).toMatchObject({ kind: "waiting", at: Date.now() + 500 });
  streams.conversation.connect();
  expect(streams.last.sent).toEqual(["c"]);
});

test("a status that another attempt does not change ends it until the reader says something", () => {
  const streams = new Streams();
  streams.fail("UNAUTHENTICATED");
  expect(streams.conversation.state.value).toMatchObject({ kind: "ended", status: { code: "UNAUTHENTICATED" } });
  expect(vi.getTimerCount()).toBe(0);
  streams.conversation.say("a");
  expect([streams.all.length, streams.last.sent]).toEqual([2, ["a"]]);
});

test("a line that makes each stream fail is not sent forever", () => {
  const streams = new Streams();
  streams.conversation.say("poison");
  for (let attempt = 0; attempt < 10 && streams.conversation.state.value.kind !== "ended"; attempt++) {
    streams.fail("INTERNAL");
    vi.runOnlyPendingTimers();
  }
  expect(streams.all.length).toBe(4);
  streams.conversation.say("b");
  expect(streams.last.sent).toEqual(["b"]);
  streams.reply("B");
  expect(streams.texts).toEqual(["me: poison (no reply)", "me: b", "server: B"]);
});

test("a conversation that is closed stays closed, whatever its stream says", () => {
  const streams = new Streams();
  streams.conversation.close();
  expect(streams.last.cancelled).toBe(true);
  streams.fail("UNAVAILABLE");
  streams.reply("late");
  expect([vi.getTimerCount(), streams.texts]).toEqual([0, []]);
});
