// The transport side of a server call, controlled by a test. It records the actions of the call.
import { Metadata } from "../src/protocol/metadata.ts";
import type { Status } from "../src/protocol/status.ts";
import type { ServerStream } from "../src/transport/server.ts";

export type Done =
  | { readonly pull: true }
  | { readonly header: Metadata | undefined; readonly compression: string }
  | { readonly message: Buffer; readonly compress: boolean }
  | { readonly status: Status | undefined; readonly response: Buffer | undefined; readonly compress: boolean };

export class FakeStream implements ServerStream {
  readonly metadata = new Metadata();
  deadline = Number.POSITIVE_INFINITY;
  readonly peer = "fake:1";
  readonly authority = "fake:1";
  readonly secure = false;
  readonly requestCompression = "identity";
  readonly clientCertificate = undefined;
  readonly done: Done[] = [];
  readonly ended: Promise<void>;
  readonly #end: () => void;
  accepted = ["identity", "gzip", "deflate"];
  /** The result of `send`. */
  room = true;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
  }

  accepts(compression: string): boolean {
    return this.accepted.includes(compression);
  }

  pull(): void {
    this.done.push({ pull: true });
  }

  sendHeader(header: Metadata | undefined, compression: string): void {
    this.done.push({ header, compression });
  }

  send(message: Buffer, compress: boolean): boolean {
    this.done.push({ message, compress });
    return this.room;
  }

  end(status: Status | undefined, response: Buffer | undefined, compress: boolean): void {
    this.done.push({ status, response, compress });
    this.#end();
  }
}
