// Random actions of the application: respond at once or later, in one piece or in parts, withhold
// credit, reset, throw.

import { HeaderList, type Stream, type StreamHandler, type StreamReset } from "../index.ts";
import type { Random } from "./random.ts";

const response = HeaderList.response(200, [["content-type", "application/octet-stream"]]);
const trailers = HeaderList.trailers([["x-checksum", "none"]]);

/** An error that a callback throws. The engine passes it to `onError`. */
export class ThrownByHandler extends Error {}

/** Tracks the streams of one connection. */
export class Behaviour {
  /** The first fault that was found. */
  fault: string | undefined;
  readonly streams: RandomHandler[] = [];
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  handler(stream: Stream | undefined, remoteEnded: boolean): RandomHandler {
    const handler = new RandomHandler(this, stream, remoteEnded);
    this.streams.push(handler);
    return handler;
  }

  /** Called when the connection is closed and all callbacks have run. */
  checkReleased(): void {
    for (const handler of this.streams) {
      if (handler.stream !== undefined && !handler.stream.closed) this.fail("a stream is still open after its connection closed");
      else if (handler.stream !== undefined && !handler.over && !handler.complete) this.fail("a stream ended without onReset");
    }
  }

  fail(fault: string): void {
    this.fault ??= fault;
  }
}

export class RandomHandler implements StreamHandler {
  stream: Stream | undefined;
  /** `onReset` was called. */
  over = false;
  readonly #behaviour: Behaviour;
  #remoteEnded: boolean;

  constructor(behaviour: Behaviour, stream: Stream | undefined, remoteEnded: boolean) {
    this.#behaviour = behaviour;
    this.stream = stream;
    this.#remoteEnded = remoteEnded;
  }

  /** `true` once both halves ended normally. A server is done once its response is complete. */
  get complete(): boolean {
    if (this.stream === undefined || !this.stream.localEnded) return false;
    return this.#remoteEnded || this.stream.connection.role === "server";
  }

  onHeaders(_headers: HeaderList, endStream: boolean): void {
    this.#enter("onHeaders", endStream);
    this.act();
  }

  onData(data: Buffer, endStream: boolean, stream: Stream): void {
    this.#enter("onData", endStream);
    if (this.#behaviour.random.chance(70)) stream.credit(data.length);
    this.act();
  }

  onTrailers(): void {
    this.#enter("onTrailers", true);
    this.act();
  }

  onReset(_reset: StreamReset): void {
    if (this.over) this.#behaviour.fail("onReset is called twice");
    this.over = true;
    this.act();
  }

  onDrain(): void {
    if (this.over) this.#behaviour.fail("onDrain is called after onReset");
    this.act();
  }

  /** The first action, within `onStream`. If it throws, the stream does not get this handler. */
  open(): void {
    try {
      this.act();
    } catch (error) {
      this.over = true;
      throw error;
    }
  }

  /** Performs a random action, in the callback or later. */
  act(): void {
    const { random } = this.#behaviour;
    const choice = random.below(10);
    if (choice < 4) this.#send();
    else if (choice < 6) setImmediate(() => this.#send());
    else if (choice === 9 && random.chance(10)) throw new ThrownByHandler("a handler throws");
  }

  #enter(callback: string, endStream: boolean): void {
    if (this.over) this.#behaviour.fail(`${callback} is called after onReset`);
    if (this.#remoteEnded) this.#behaviour.fail(`${callback} is called after the end of the peer's half`);
    this.#remoteEnded ||= endStream;
  }

  #send(): void {
    const { stream } = this;
    if (stream === undefined) return;
    const { random } = this.#behaviour;
    const body = Buffer.alloc(random.pick([0, 5, 5, 200, 20_000, 100_000]), 0x62);
    const server = stream.connection.role === "server";
    switch (random.below(8)) {
      case 0:
      case 1:
      case 2:
        if (server) stream.respond(response, body, random.chance(50) ? trailers : undefined);
        else stream.end();
        break;
      case 3:
        if (server) stream.sendHeaders(response, random.chance(10));
        break;
      case 4:
        stream.write(body, random.chance(30));
        break;
      case 5:
        stream.sendTrailers(trailers);
        break;
      case 6:
        stream.credit(random.below(1000));
        break;
      default:
        if (random.chance(30)) stream.reset(random.below(14));
        else stream.end();
    }
  }
}
