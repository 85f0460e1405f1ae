// Receives from the server, sends to the server, and does both at once.
import { setTimeout } from "node:timers/promises";
import { Greeter, StreamResDataSchema } from "@grpc-study/proto/push";
import type { Context } from "../topic.ts";

/** Prints up to `count` messages that the server pushes. */
export async function getStream({ connect, print }: Context, count: number): Promise<void> {
  let received = 0;
  for await (const response of connect(Greeter).getStream({ data: "aaa" })) {
    await print(StreamResDataSchema, response);
    if (++received === count) break;
  }
}

/** Pushes `count` messages, `interval` milliseconds apart. */
export async function putStream({ connect, print, signal }: Context, count: number, interval: number): Promise<void> {
  const stream = connect(Greeter).putStream();
  for (let sent = 0; sent < count && (await stream.send({ data: "ss" })); sent++) {
    await setTimeout(interval, undefined, { signal });
  }
  await print(StreamResDataSchema, await stream.closeAndRecv());
}

/**
 * Pushes a message every `interval` milliseconds and prints what the server pushes, until `count`
 * messages are sent or Ctrl-C.
 */
export async function allStream({ connect, print, onInterrupt }: Context, count: number, interval: number): Promise<void> {
  const stream = connect(Greeter).allStream();
  const stop = new AbortController();
  const release = onInterrupt(() => stop.abort());

  const push = async () => {
    for (let sent = 0; sent < count && !stop.signal.aborted && (await stream.send({ data: "ssss" })); sent++) {
      await setTimeout(interval, undefined, { signal: stop.signal }).catch(() => {});
    }
    stream.closeSend();
    // The first Ctrl-C half-closes. If the server goes on, the next one cancels.
    release();
  };
  const pull = async () => {
    try {
      for await (const response of stream) await print(StreamResDataSchema, response);
    } finally {
      stop.abort();
    }
  };
  await Promise.all([push(), pull()]);
}
