// The load of Node: a process that calls servers over node:http2, and holds streams open.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { amountBytes, frame, helloBytes, streamLength, usersBytes } from "../messages/frame.ts";
import type { Target } from "../peers/peer.ts";
import type { Serve } from "../process/hosted.ts";
import { Connection } from "./connection.ts";

export interface Calls extends Target {
  readonly method: keyof typeof bodies;
  readonly connections: number;
  /** Calls in flight, on each connection. */
  readonly streams: number;
  readonly milliseconds: number;
}

const helloFrame = frame(helloBytes);

/** What is sent in a call. */
export const bodies = {
  Say: helloFrame,
  Echo: frame(usersBytes),
  Count: frame(amountBytes(streamLength)),
  Gather: Buffer.concat(Array.from({ length: streamLength }, () => helloFrame)),
};

/** What comes back, byte for byte: all codecs write the fields of these messages in the same order. */
const answers: Readonly<Record<keyof typeof bodies, Buffer>> = {
  Say: helloFrame,
  Echo: frame(usersBytes),
  Count: Buffer.concat(Array.from({ length: streamLength }, () => helloFrame)),
  Gather: frame(amountBytes(streamLength)),
};

const caOf = ({ ca }: Target) => (ca === null ? undefined : readFileSync(ca));

/** The connections that `hold` and `stall` opened. */
const held: Connection[] = [];

export const serve: Serve<null, null> = () => ({ ready: null, commands: { first, check, calls, pingPong, hold, stall, release } });

/** Makes one call of each kind. Rejects if one does not answer as it should: h2load cannot see that. */
async function check(target: Target): Promise<void> {
  const connection = new Connection(target.port, caOf(target));
  for (const [method, body] of Object.entries(bodies)) {
    const chunks: Buffer[] = [];
    await connection.call(method, body, (chunk) => chunks.push(chunk));
    const [came, expected] = [Buffer.concat(chunks), answers[method as keyof typeof bodies]];
    if (!came.equals(expected)) throw new Error(`${method} answered ${came.length} bytes, not the ${expected.length} that it should`);
  }
  let left = 10;
  await connection.pingPong("Chat", helloFrame, () => left-- > 0);
  connection.close();
}

/** One unary call on a new connection. */
async function first(target: Target): Promise<void> {
  const connection = new Connection(target.port, caOf(target));
  await connection.call("Say", bodies.Say);
  connection.close();
}

/** Calls a second. */
function calls({ method, milliseconds, ...rest }: Calls): Promise<number> {
  return during(milliseconds, rest, async (connection, isOver, done) => {
    while (!isOver()) {
      await connection.call(method, bodies[method]);
      done();
    }
  });
}

/** Answers a second. */
function pingPong({ milliseconds, ...rest }: Omit<Calls, "method">): Promise<number> {
  return during(milliseconds, rest, (connection, isOver, done) =>
    connection.pingPong("Chat", helloFrame, () => {
      done();
      return !isOver();
    }),
  );
}

async function during(
  milliseconds: number,
  { connections, streams, ...target }: Omit<Calls, "method" | "milliseconds">,
  work: (connection: Connection, isOver: () => boolean, done: () => void) => Promise<void>,
): Promise<number> {
  const ca = caOf(target);
  const opened = Array.from({ length: connections }, () => new Connection(target.port, ca));
  // Connected, and everything seen once.
  await Promise.all(opened.map((connection) => connection.call("Say", bodies.Say)));
  const start = performance.now();
  let count = 0;
  const isOver = () => performance.now() - start >= milliseconds;
  const done = () => {
    count++;
  };
  await Promise.all(opened.flatMap((connection) => Array.from({ length: streams }, () => work(connection, isOver, done))));
  const seconds = (performance.now() - start) / 1000;
  for (const connection of opened) connection.close();
  return count / seconds;
}

/** Opens streams on which a message went each way, and leaves them open: a hundred a connection, which is what a client may open before it is told. */
async function hold({ streams, ...target }: Target & { streams: number }): Promise<void> {
  for (let opened = 0; opened < streams; opened += 100) {
    const connection = new Connection(target.port, caOf(target));
    held.push(connection);
    await Promise.all(
      Array.from({ length: Math.min(100, streams - opened) }, async () => {
        const stream = connection.open("Chat");
        stream.on("error", () => {});
        stream.write(helloFrame);
        await once(stream, "data");
      }),
    );
  }
}

/** Asks for a stream of a million messages, and reads none of it. */
async function stall(target: Target): Promise<void> {
  const connection = new Connection(target.port, caOf(target));
  held.push(connection);
  const stream = connection.open("Count");
  stream.on("error", () => {});
  stream.end(frame(amountBytes(1_000_000)));
  await once(stream, "response");
}

function release(): void {
  for (const connection of held.splice(0)) connection.close();
}
