// The load process of the groups `server`, `memory` and `start`: makes calls with the engine's
// client, and holds streams open.
import { bodies, type MethodName, pathOf, responses } from "../messages/calls.ts";
import { amountBytes, frame, helloFrame } from "../messages/frame.ts";
import type { Target } from "../peers/peer.ts";
import type { Serve } from "../process/hosted.ts";
import { Connection, type OnEnd } from "./connection.ts";

export interface Calls extends Target {
  readonly method: MethodName;
  readonly connections: number;
  /** Number of calls in flight on all connections. */
  readonly inFlight: number;
  readonly milliseconds: number;
}

export interface Check extends Target {
  /** The methods that the server supports. */
  readonly methods: readonly MethodName[];
}

/** The connections opened by `hold` and `stall`. */
const held: Connection[] = [];

export const serve: Serve<null, null> = () => ({ ready: null, commands: { first, check, calls, hold, stall, release } });

/** Makes one call of each method. Rejects if a response differs by a byte. */
async function check({ methods, ...target }: Check): Promise<void> {
  const connection = await Connection.open(target);
  for (const method of methods) {
    if (method === "Chat") {
      let left = 10;
      await settled((onEnd) => connection.pingPong(pathOf(method), helloFrame, () => left-- > 0, onEnd));
      continue;
    }
    const chunks: Buffer[] = [];
    await settled((onEnd) =>
      connection.call(pathOf(method), bodies[method], responses[method].length, onEnd, (chunk) => chunks.push(chunk)),
    );
    if (!Buffer.concat(chunks).equals(responses[method])) throw new Error(`${method}: unexpected response bytes`);
  }
  connection.close();
}

const settled = (start: (onEnd: OnEnd) => void): Promise<void> =>
  new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));

/** Makes one unary call on a new connection. */
async function first(target: Target): Promise<void> {
  const connection = await Connection.open(target);
  await settled((onEnd) => connection.call(pathOf("Say"), bodies.Say, responses.Say.length, onEnd));
  connection.close();
}

/**
 * Calls per second, or responses of ping-pong, at a constant number in flight. Excludes the first
 * fifth of the time.
 */
async function calls({ method, milliseconds, connections, inFlight, ...target }: Calls): Promise<number> {
  const opened = await Promise.all(Array.from({ length: connections }, () => Connection.open(target)));
  let count = 0;
  let isOver = false;
  const rate = new Promise<number>((resolve) => {
    setTimeout(() => {
      const [from, start] = [count, performance.now()];
      const end = () => {
        // On a busy machine, the first call may take longer.
        if (count === from) {
          setTimeout(end, milliseconds);
          return;
        }
        isOver = true;
        resolve((count - from) / ((performance.now() - start) / 1000));
      };
      setTimeout(end, milliseconds * 0.8);
    }, milliseconds * 0.2);
  });
  const path = pathOf(method);
  const work = (connection: Connection, resolve: () => void, reject: (error: Error) => void): void => {
    if (method === "Chat") {
      const more = () => {
        count++;
        return !isOver;
      };
      connection.pingPong(path, helloFrame, more, (error) => (error ? reject(error) : resolve()));
      return;
    }
    const body = bodies[method];
    const expected = responses[method].length;
    const onEnd: OnEnd = (error) => {
      if (error) reject(error);
      else if (isOver) resolve();
      else {
        count++;
        connection.call(path, body, expected, onEnd);
      }
    };
    connection.call(path, body, expected, onEnd);
  };
  await Promise.all(
    Array.from({ length: inFlight }, (_, i) => {
      const connection = opened[i % connections] as Connection;
      return new Promise<void>((resolve, reject) => work(connection, resolve, reject));
    }),
  );
  for (const connection of opened) connection.close();
  return rate;
}

/**
 * Opens streams, exchanges a message in each direction, and leaves them open: a hundred per
 * connection, which clients open before they know the server's limit.
 */
async function hold({ streams, ...target }: Target & { streams: number }): Promise<void> {
  for (let opened = 0; opened < streams; opened += 100) {
    const connection = await Connection.open(target);
    held.push(connection);
    const count = Math.min(100, streams - opened);
    await Promise.all(Array.from({ length: count }, () => connection.hold(pathOf("Chat"), helloFrame)));
  }
}

/**
 * Requests a stream of a million messages, and reads none. The window allows the server to send 1
 * MiB.
 */
async function stall(target: Target): Promise<void> {
  const connection = await Connection.open(target, { initialWindowSize: 2 ** 20 });
  held.push(connection);
  await connection.stall(pathOf("Count"), frame(amountBytes(1_000_000)));
}

function release(): void {
  for (const connection of held.splice(0)) connection.close();
}
