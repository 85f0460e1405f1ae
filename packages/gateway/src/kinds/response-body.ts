// The body of a response that is a stream: it asks for the next response when the reader has taken the last one.
import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Message } from "@bufbuild/protobuf";
import type { Responses, Route } from "../route.ts";
import type { ResponseFormat } from "./response-format.ts";

interface Source {
  readonly responses: Responses;
  /** The first of them, which has been asked for. */
  readonly first: Promise<Message | undefined>;
  readonly route: Route;
  /** undefined: bytes, as they are. */
  readonly format: ResponseFormat | undefined;
  /** The index of the first response. */
  readonly firstIndex: number;
  /** Told what the call ended with; returns its google.rpc.Status in JSON. */
  readonly failed: (error: unknown) => string;
  /** Told when the reader has come before the first response: so far it knows nothing. */
  readonly waiting: () => void;
  /** Told before the last byte. */
  readonly ended: () => void;
}

/** How long a format that has something to say when there is nothing to say waits, in milliseconds. */
const idleMs = 15_000;

/** Responses after which others have their turn. */
const turnEvery = 64;

export class ResponseBody extends Readable {
  readonly #source: Source;
  #next: Promise<Message | undefined> | undefined;
  #index: number;
  #asked = false;
  #turns = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(source: Source) {
    super({ highWaterMark: 64 * 1024 });
    this.#source = source;
    this.#next = source.first;
    this.#index = source.firstIndex;
    const { format } = source;
    if (format?.begin) this.push(format.begin);
    if (format?.idle !== undefined) this.#idle = setInterval(() => this.push(format.idle), idleMs).unref();
  }

  override _read(): void {
    // What is sent while there is nothing to send makes the reader ask again.
    if (this.#asked) return;
    this.#asked = true;
    const next = this.#next ?? this.#recv();
    if (this.#next !== undefined) this.#tellWaiting();
    this.#next = undefined;
    next.then(
      (response) => {
        this.#asked = false;
        try {
          if (response !== undefined) this.#write(response);
          else this.#close(this.#source.format?.end);
        } catch (error) {
          this.#source.responses.cancel();
          this.#fail(error);
        }
      },
      (error: unknown) => this.#fail(error),
    );
  }

  /** Without a socket upstream, and with a fast reader, nothing else might ever make way for other calls. */
  #recv(): Promise<Message | undefined> {
    const { responses } = this.#source;
    return ++this.#turns % turnEvery === 0 ? nextTurn().then(() => responses.recv()) : responses.recv();
  }

  #tellWaiting(): void {
    setImmediate(() => {
      if (this.#asked && !this.destroyed) this.#source.waiting();
    });
  }

  #write(response: Message): void {
    this.#idle?.refresh();
    const { route, format } = this.#source;
    const printed = route.print(response);
    if (typeof printed === "string") this.push(format?.result(printed, this.#index++) ?? printed);
    else if (printed.data.length > 0) this.push(printed.data);
    // A push of nothing would not be followed by a read.
    else this._read();
  }

  #close(last: string | undefined): void {
    clearInterval(this.#idle);
    this.#source.ended();
    if (last) this.push(last);
    this.push(null);
  }

  #fail(error: unknown): void {
    const { format, failed } = this.#source;
    const status = failed(error);
    if (format?.failure !== undefined) this.#close(format.failure(status));
    // Half an array must not pass for a whole one.
    else this.destroy(new Error("the stream failed"));
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearInterval(this.#idle);
    this.#source.responses.cancel();
    callback(error);
  }
}
