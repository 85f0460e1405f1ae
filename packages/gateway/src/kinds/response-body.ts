// The body of a streaming response. It requests the next message once the reader has taken the
// previous one.
import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Message } from "@bufbuild/protobuf";
import type { Responses, Route } from "../route.ts";
import type { ResponseFormat } from "./response-format.ts";

interface Source {
  readonly responses: Responses;
  /** The first response, which has been requested already. */
  readonly first: Promise<Message | undefined>;
  readonly route: Route;
  /** `undefined` for raw bytes. */
  readonly format: ResponseFormat | undefined;
  /** The index of the first response. */
  readonly firstIndex: number;
  /** Called with the error of the call. Returns its google.rpc.Status in JSON. */
  readonly onError: (error: unknown) => string;
  /** Called when the reader waits for the first response, before the headers are sent. */
  readonly onWaiting: () => void;
  /** Called before the last byte. */
  readonly onEnd: () => void;
}

/** Milliseconds without a response after which the format's keep-alive is sent. */
const idleMs = 15_000;

/** Number of responses after which the event loop gets a turn. */
const turnEvery = 64;

export class ResponseBody extends Readable {
  readonly #source: Source;
  #next: Promise<Message | undefined> | undefined;
  #index: number;
  #pending = false;
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
    // A keep-alive push makes the reader call this again.
    if (this.#pending) return;
    this.#pending = true;
    const next = this.#next ?? this.#recv();
    if (this.#next !== undefined) this.#notifyWaiting();
    this.#next = undefined;
    next.then(
      (response) => {
        this.#pending = false;
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

  /**
   * Yields to the event loop now and then: an in-process upstream with a fast reader would starve
   * other calls.
   */
  #recv(): Promise<Message | undefined> {
    const { responses } = this.#source;
    return ++this.#turns % turnEvery === 0 ? nextTurn().then(() => responses.recv()) : responses.recv();
  }

  #notifyWaiting(): void {
    setImmediate(() => {
      if (this.#pending && !this.destroyed) this.#source.onWaiting();
    });
  }

  #write(response: Message): void {
    this.#idle?.refresh();
    const { route, format } = this.#source;
    const printed = route.print(response);
    if (typeof printed === "string") this.push(format?.result(printed, this.#index++) ?? printed);
    else if (printed.data.length > 0) this.push(printed.data);
    // An empty push would not trigger another read.
    else this._read();
  }

  #close(last: string | undefined): void {
    clearInterval(this.#idle);
    this.#source.onEnd();
    if (last) this.push(last);
    this.push(null);
  }

  #fail(error: unknown): void {
    const { format, onError } = this.#source;
    const status = onError(error);
    if (format?.failure !== undefined) this.#close(format.failure(status));
    // Aborts the response, so that an incomplete array is not mistaken for a complete one.
    else this.destroy(new Error("the stream failed"));
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearInterval(this.#idle);
    this.#source.responses.cancel();
    callback(error);
  }
}
