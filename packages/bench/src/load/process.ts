// The load on every server of the groups `server`, `memory` and `start`: a process that makes calls with the engine's client, and holds streams open.
import { answers, bodies, type MethodName, pathOf } from "../messages/calls.ts";
import { amountBytes, frame, helloFrame } from "../messages/frame.ts";
import type { Target } from "../peers/peer.ts";
import type { Serve } from "../process/hosted.ts";
import { Connection, type OnEnd } from "./connection.ts";

export interface Calls extends Target {
  readonly method: MethodName;
  readonly connections: number;
  /** Calls in flight, on all connections together. */
  readonly inFlight: number;
  readonly milliseconds: number;
}

export interface Check extends Target {
  /** Which methods the server has. */
  readonly methods: readonly MethodName[];
}

/** The connections that `hold` and `stall` opened. */
const held: Connection[] = [];

export const serve: Serve<null, null> = () => ({ ready: null, commands: { first, check, calls, hold, stall, release } });

/** Makes one call of each method. Rejects unless the answers are right, byte for byte. */
async function check({ methods, ...target }: Check): Promise<void> {
  const connection = await Connection.open(target);
  for (const method of methods) {
    if (method === "Chat") {
      let left = 10;
      await settled((onEnd) => connection.pingPong(pathOf(method), helloFrame, () => left-- > 0, onEnd));
      continue;
    }
    const parts: Buffer[] = [];
    await settled((onEnd) => connection.call(pathOf(method), bodies[method], answers[method].length, onEnd, (part) => parts.push(part)));
    if (!Buffer.concat(parts).equals(answers[method])) throw new Error(`${method}: the answer has other bytes than it should have`);
  }
  connection.close();
}

const settled = (start: (onEnd: OnEnd) => void): Promise<void> =>
  new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));

/** One unary call on a new connection. */
async function first(target: Target): Promise<void> {
  const connection = await Connection.open(target);
  await settled((onEnd) => connection.call(pathOf("Say"), bodies.Say, answers.Say.length, onEnd));
  connection.close();
}

/** Calls a second, or answers of ping-pong, with so many of them running all the time. Those of the first fifth of the time are not counted. */
async function calls({ method, milliseconds, connections, inFlight, ...target }: Calls): Promise<number> {
  const opened = await Promise.all(Array.from({ length: connections }, () => Connection.open(target)));
  let count = 0;
  let isOver = false;
  const rate = new Promise<number>((resolve) => {
    setTimeout(() => {
      const [from, start] = [count, performance.now()];
      const end = () => {
        // A busy machine may need longer for the first call.
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
    const expected = answers[method].length;
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

/** Opens streams on which a message went each way, and leaves them open: a hundred a connection, which is what a client may open before it is told. */
async function hold({ streams, ...target }: Target & { streams: number }): Promise<void> {
  for (let opened = 0; opened < streams; opened += 100) {
    const connection = await Connection.open(target);
    held.push(connection);
    const count = Math.min(100, streams - opened);
    await Promise.all(Array.from({ length: count }, () => connection.hold(pathOf("Chat"), helloFrame)));
  }
}

/** Asks for a stream of a million messages, and reads none of it. The server may send 1 MiB. */
async function stall(target: Target): Promise<void> {
  const connection = await Connection.open(target, { initialWindowSize: 2 ** 20 });
  held.push(connection);
  await connection.stall(pathOf("Count"), frame(amountBytes(1_000_000)));
}

function release(): void {
  for (const connection of held.splice(0)) connection.close();
}
