// The handler's end of a call without a socket.
import type { Compression } from "../../protocol/compression.ts";
import type { Metadata } from "../../protocol/metadata.ts";
import type { Status } from "../../protocol/status.ts";
import { formatTimeout, parseTimeout } from "../../protocol/timeout.ts";
import type { ServerStream } from "../server.ts";
import { carriedToServer } from "./carried.ts";

export const inProcessPeer = "in-process";

/** The call. */
export interface Answering {
  pullRequest(): void;
  sendHeader(header: Metadata | undefined): void;
  /** Returns whether there is room for more. */
  sendResponse(message: Buffer, compressed: boolean): boolean;
  /** @param status undefined for OK without a trailer. */
  end(status: Status | undefined): void;
}

export class ServerEnd implements ServerStream {
  readonly peer = inProcessPeer;
  readonly clientCertificate = undefined;
  readonly deadline: number;
  readonly #call: Answering;
  readonly #sent: Metadata | undefined;
  #metadata: Metadata | undefined;
  #compresses = false;

  constructor(call: Answering, metadata: Metadata | undefined, deadline: number) {
    this.#call = call;
    this.#sent = metadata;
    this.#metadata = undefined;
    // In whole milliseconds, as `grpc-timeout` carries it.
    this.deadline =
      deadline === Number.POSITIVE_INFINITY ? deadline : Date.now() + (parseTimeout(formatTimeout(deadline - Date.now())) ?? 0);
  }

  get metadata(): Metadata {
    // A copy: handlers may change it.
    this.#metadata ??= carriedToServer(this.#sent);
    return this.#metadata;
  }

  accepts(): boolean {
    return true;
  }

  pull(): void {
    this.#call.pullRequest();
  }

  sendHeader(header: Metadata | undefined, compression: Compression): void {
    this.#compresses = compression !== "identity";
    this.#call.sendHeader(header);
  }

  send(message: Buffer, compress: boolean): boolean {
    return this.#call.sendResponse(message, compress && this.#compresses);
  }

  end(status: Status | undefined, response: Buffer | undefined, compress: boolean): void {
    if (response !== undefined) this.#call.sendResponse(response, compress && this.#compresses);
    this.#call.end(status);
  }
}
