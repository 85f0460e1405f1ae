// A client in a process of its own, which makes calls when it is told to.
import { setImmediate as nextTurn } from "node:timers/promises";
import { quantile } from "../measure/statistics.ts";
import { amountBytes, helloBytes, streamLength, usersBytes } from "../messages/frame.ts";
import { hello, users } from "../messages/values.ts";
import type { Serve } from "../process/hosted.ts";
import type { ClientPeer, ConnectPeer, Target } from "./peer.ts";

/** `.js` in `dist`; `.ts` in tests. */
const extension = import.meta.url.slice(-3);

export type CallName = keyof ClientPeer;

export interface Throughput {
  readonly call: CallName;
  readonly inFlight: number;
  readonly milliseconds: number;
}

export interface AtRate {
  readonly call: CallName;
  readonly perSecond: number;
  readonly milliseconds: number;
}

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

export const serve: Serve<{ peer: string; target: Target }, null> = async ({ peer, target }) => {
  const { connect } = (await import(new URL(`./${peer}/client${extension}`, import.meta.url).href)) as { connect: ConnectPeer };
  const client = await connect(target);
  const call = (name: CallName) => client[name](streamLength);
  await call("say");
  return {
    ready: null,
    commands: {
      check: () => check(client),
      throughput: (options: Throughput) => throughput(() => call(options.call), options),
      latency: (options: AtRate) => latency(() => call(options.call), options),
    },
  };
};

/** Calls a second, with so many of them running all the time. */
async function throughput(call: () => Promise<unknown>, { inFlight, milliseconds }: Throughput): Promise<number> {
  const start = performance.now();
  let done = 0;
  let last = start;
  const one = async () => {
    while (performance.now() - start < milliseconds) {
      await call();
      done++;
      last = performance.now();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
  return done / ((last - start) / 1000);
}

/**
 * How long calls take that begin at fixed times, whether those before have ended or not. The time is counted from when the call should have begun:
 * else a client that is stopped for a while would not notice (https://www.scylladb.com/2021/04/22/on-coordinated-omission/).
 */
async function latency(call: () => Promise<unknown>, { perSecond, milliseconds }: AtRate): Promise<Latency> {
  const total = Math.floor((perSecond * milliseconds) / 1000);
  const took: number[] = [];
  const running: Promise<void>[] = [];
  const start = performance.now();
  for (let i = 0; i < total; ) {
    const due = start + (i * 1000) / perSecond;
    if (performance.now() < due) {
      // Not a timer: those have whole milliseconds.
      await nextTurn();
      continue;
    }
    running.push(
      call().then(() => {
        took.push(performance.now() - due);
      }),
    );
    i++;
  }
  await Promise.all(running);
  return { p50: quantile(took, 0.5), p99: quantile(took, 0.99), p999: quantile(took, 0.999) };
}

/** Makes one call of each kind to a server that answers what it gets. Streams count their messages themselves. */
async function check(client: ClientPeer): Promise<void> {
  expectAnswer(await client.say(), helloBytes, hello);
  expectAnswer(await client.echo(), usersBytes, users);
  await client.count(streamLength);
  expectAnswer(await client.gather(streamLength), amountBytes(streamLength), { count: streamLength });
  await client.chat(10);
}

/** @param answer an object, the bytes of a message, or the number of bytes that came, with the five before each message */
function expectAnswer(answer: unknown, bytes: Buffer, message: object): void {
  const right =
    typeof answer === "number"
      ? answer === bytes.length + 5
      : answer instanceof Uint8Array
        ? bytes.equals(answer)
        : contains(answer, message);
  if (!right) throw new Error(`answered ${JSON.stringify(answer).slice(0, 200)}`);
}

/** Some stacks leave out what has its default. */
function contains(actual: unknown, expected: unknown): boolean {
  if (typeof expected !== "object" || expected === null) return actual === expected || (!actual && !expected);
  return Object.entries(expected).every(([key, value]) =>
    contains(typeof actual === "object" && actual !== null ? Reflect.get(actual, key) : undefined, value),
  );
}
