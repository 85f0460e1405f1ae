// A request body of Node that needs more than its stream does.
import { Readable } from "node:stream";

const ignore = () => {};

/** A body that is read from another stream, once something reads it. */
export class WrappedBody extends Readable {
  readonly #source: Readable;
  readonly #onFirstRead: () => void;
  readonly #isCutOff: () => boolean;
  #begun = false;

  /**
   * @param onFirstRead called before the first byte is read, to send 100 (Continue).
   * @param isCutOff called at the end of the source: Node also ends the body of an HTTP/2 request
   *   normally if its stream is reset.
   */
  constructor(source: Readable, onFirstRead: () => void, isCutOff: () => boolean) {
    super();
    this.#source = source;
    this.#onFirstRead = onFirstRead;
    this.#isCutOff = isCutOff;
    // A consumer that has lost interest has no listener.
    this.on("error", ignore);
  }

  override _read(): void {
    const source = this.#source;
    if (this.#begun) {
      source.resume();
      return;
    }
    this.#begun = true;
    this.#onFirstRead();
    const cutOff = () => {
      if (!this.readableEnded) this.destroy(new Error("the client went away before the end of the body"));
    };
    source
      .on("data", (chunk: Buffer) => {
        if (!this.push(chunk)) source.pause();
      })
      .on("end", () => {
        if (this.#isCutOff()) cutOff();
        else this.push(null);
      })
      .on("error", cutOff)
      .on("close", () => {
        if (!source.readableEnded) cutOff();
      });
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    // Discards the rest. Destroying the source would close the connection before the response.
    if (this.#begun) this.#source.resume();
    callback(error);
  }
}
