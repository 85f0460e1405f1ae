// A client process that makes calls on command.
import { setImmediate as nextTurn } from "node:timers/promises";
import { quantile } from "../measure/statistics.ts";
import { amountBytes, helloBytes, streamLength, usersBytes } from "../messages/frame.ts";
import { hello, users } from "../messages/values.ts";
import type { Serve } from "../process/hosted.ts";
import type { ClientPeer, ConnectPeer, Target } from "./peer.ts";

/** `.js` in `dist`, `.ts` in tests. */
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

/** Latency percentiles, in milliseconds. */
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

/** Calls per second at a constant number in flight. */
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
 * The latency of calls that start at fixed times, whether or not earlier ones have ended. It is
 * measured from the scheduled start; otherwise pauses of the client would go unnoticed
 * (https://www.scylladb.com/2021/04/22/on-coordinated-omission/).
 */
async function latency(call: () => Promise<unknown>, { perSecond, milliseconds }: AtRate): Promise<Latency> {
  const total = Math.floor((perSecond * milliseconds) / 1000);
  const took: number[] = [];
  const running: Promise<void>[] = [];
  const start = performance.now();
  for (let i = 0; i < total; ) {
    const due = start + (i * 1000) / perSecond;
    if (performance.now() < due) {
      // Timers have a resolution of only one millisecond.
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

/**
 * Makes one call of each kind to a server that echoes requests. Streams count their messages
 * themselves.
 */
async function check(client: ClientPeer): Promise<void> {
  expectResponse(await client.say(), helloBytes, hello);
  expectResponse(await client.echo(), usersBytes, users);
  await client.count(streamLength);
  expectResponse(await client.gather(streamLength), amountBytes(streamLength), { count: streamLength });
  await client.chat(10);
}

/**
 * @param response an object, the bytes of a message, or the number of received bytes including the
 * prefixes.
 */
function expectResponse(response: unknown, bytes: Buffer, message: object): void {
  const right =
    typeof response === "number"
      ? response === bytes.length + 5
      : response instanceof Uint8Array
        ? bytes.equals(response)
        : contains(response, message);
  if (!right) throw new Error(`unexpected response ${JSON.stringify(response).slice(0, 200)}`);
}

/** Whether `actual` has the expected properties. Some stacks omit default values. */
function contains(actual: unknown, expected: unknown): boolean {
  if (typeof expected !== "object" || expected === null) return actual === expected || (!actual && !expected);
  return Object.entries(expected).every(([key, value]) =>
    contains(typeof actual === "object" && actual !== null ? Reflect.get(actual, key) : undefined, value),
  );
}
