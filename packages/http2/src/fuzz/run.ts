// Runs one sequence of frames against an engine and reports faults.

import { attachClient, type Connection, type ConnectionOptions, createServer, ErrorCode, HeaderList, Http2Error } from "../index.ts";
import { Behaviour, ThrownByHandler } from "./behaviour.ts";
import { FrameParser, flag, frame, frameType, preface } from "./frames.ts";
import { Peer } from "./peer.ts";
import { Random } from "./random.ts";
import type { Sequence } from "./sequence.ts";

const request = HeaderList.request({ method: "POST", scheme: "http", authority: "localhost", path: "/fuzz" }, [["te", "trailers"]]);
const probe = Buffer.from("probe!!!");

/**
 * Returns the fault, or `undefined` if there is none. `onConnection` gets the connection, for
 * example to check later that it was garbage-collected.
 */
export async function runSequence(
  { seed, role, frames, reads }: Sequence,
  onConnection?: (connection: Connection) => void,
): Promise<string | undefined> {
  const random = new Random(seed ^ 0x5bd1e995);
  const behaviour = new Behaviour(random);
  const peer = new Peer(role, reads);
  let closed = 0;
  const options: ConnectionOptions = {
    onError: (error) => {
      if (error instanceof ThrownByHandler) return;
      if (!(error instanceof Http2Error)) behaviour.fail(`onError gets ${String(error instanceof Error ? error.stack : error)}`);
      else if (error.code === ErrorCode.INTERNAL_ERROR && !peer.destroyed) behaviour.fail(`onError gets ${error.stack}`);
    },
  };
  const connection = role === "server" ? serve(peer, behaviour, options) : open(peer, behaviour, options);
  onConnection?.(connection);
  connection.onClose = () => closed++;

  const sent = new Sent(role);
  for (const chunk of chunks(frames, random)) {
    for (const whole of sent.feed(chunk)) peer.allow(whole);
    peer.feed(chunk);
    if (random.chance(30)) await turn();
  }
  await turn();
  await turn();

  // A connection that is still open after complete frames must answer.
  if (connection.state === "open" && reads && sent.complete) {
    peer.feed(frame(frameType.ping, 0, 0, probe));
    await turn();
    await turn();
    if (connection.state === "open" && !peer.pongs.has(probe.toString("latin1")))
      behaviour.fail("an open connection does not answer a PING");
  }
  if (random.chance(20)) connection.close();
  if (random.chance(50)) {
    peer.push(null);
    await turn();
    await turn();
  }
  peer.destroy();
  for (let i = 0; i < 4 && connection.state !== "closed"; i++) await turn();
  await turn();
  if (connection.state !== "closed") behaviour.fail("the connection stays open after its socket is closed");
  if (connection.openStreams !== 0) behaviour.fail(`${connection.openStreams} streams are open on a closed connection`);
  if (closed !== 1) behaviour.fail(`onClose is called ${closed} times`);
  behaviour.checkReleased();
  return behaviour.fault ?? peer.fault;
}

function serve(peer: Peer, behaviour: Behaviour, options: ConnectionOptions): Connection {
  const server = createServer({
    ...options,
    onStream: (stream, _headers, endStream) => {
      const handler = behaviour.handler(stream, endStream);
      handler.open();
      return handler;
    },
  });
  return server.attach(peer);
}

function open(peer: Peer, behaviour: Behaviour, options: ConnectionOptions): Connection {
  const connection = attachClient(peer, options);
  for (let i = 0; i < 3; i++) {
    const handler = behaviour.handler(undefined, false);
    const body = behaviour.random.chance(50) ? Buffer.alloc(behaviour.random.pick([0, 5, 100_000])) : undefined;
    handler.stream = connection.request(request, handler, body, behaviour.random.chance(50));
  }
  return connection;
}

/** Parses the sent octets as a correct peer would. */
class Sent {
  readonly #frames = new FrameParser();
  #prefaceDue: number;
  #inBlock = false;

  constructor(role: "server" | "client") {
    this.#prefaceDue = role === "server" ? preface.length : 0;
  }

  /** `true` if no frame and no header block is incomplete. */
  get complete(): boolean {
    return this.#prefaceDue === 0 && this.#frames.atBoundary && !this.#inBlock;
  }

  *feed(chunk: Buffer) {
    const skipped = Math.min(this.#prefaceDue, chunk.length);
    this.#prefaceDue -= skipped;
    for (const whole of this.#frames.feed(chunk.subarray(skipped))) {
      if (whole.type === frameType.headers || whole.type === frameType.continuation) this.#inBlock = (whole.flags & flag.endHeaders) === 0;
      yield whole;
    }
  }
}

/** Splits the octets of the frames at random positions. */
function* chunks(frames: readonly Buffer[], random: Random): Generator<Buffer> {
  const bytes = Buffer.concat(frames);
  const way = random.below(4);
  if (way === 0) yield* frames;
  else if (way === 1) yield bytes;
  else {
    const longest = way === 2 ? 20 : 2000;
    // Tiny chunks of long input would only repeat the first part's cases.
    const step = bytes.length > 4000 ? 2000 : longest;
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + random.below(step);
      yield bytes.subarray(at, end);
      at = end;
    }
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
