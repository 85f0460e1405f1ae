// The handler's stream of an in-process call.
import type { Compression } from "../../protocol/compression.ts";
import type { Metadata } from "../../protocol/metadata.ts";
import type { Status } from "../../protocol/status.ts";
import { formatTimeout, parseTimeout } from "../../protocol/timeout.ts";
import { steadyNow } from "../../steady-clock.ts";
import type { OutgoingCall } from "../client.ts";
import type { MessageObserver } from "../message-size.ts";
import type { ServerStream } from "../server.ts";
import { copyRequestMetadata } from "./copy-metadata.ts";

export const inProcessPeer = "in-process";

/** The call behind the stream. */
export interface InProcessServerCall {
  pullRequest(): void;
  observe(observer: MessageObserver): void;
  sendHeader(header: Metadata | undefined, compression: Compression): void;
  /** Returns whether there is room for more. */
  sendResponse(message: Buffer, compressed: boolean): boolean;
  /** @param status undefined for OK without a trailer. */
  end(status: Status | undefined): void;
}

export class InProcessServerStream implements ServerStream {
  readonly peer = inProcessPeer;
  readonly authority: string;
  readonly secure = true;
  readonly requestCompression: Compression;
  readonly clientCertificate = undefined;
  readonly deadline: number;
  readonly #call: InProcessServerCall;
  readonly #sent: Metadata | undefined;
  #metadata: Metadata | undefined;
  #compresses = false;

  constructor(call: InProcessServerCall, { metadata, deadline, authority = inProcessPeer, compression }: OutgoingCall) {
    this.authority = authority;
    this.requestCompression = compression;
    this.#call = call;
    this.#sent = metadata;
    this.#metadata = undefined;
    // Rounded to whole milliseconds, as in `grpc-timeout`.
    this.deadline =
      deadline === Number.POSITIVE_INFINITY ? deadline : steadyNow() + (parseTimeout(formatTimeout(deadline - steadyNow())) ?? 0);
  }

  get metadata(): Metadata {
    // A copy: handlers may change it.
    this.#metadata ??= copyRequestMetadata(this.#sent);
    return this.#metadata;
  }

  accepts(): boolean {
    return true;
  }

  observe(observer: MessageObserver): void {
    this.#call.observe(observer);
  }

  pull(): void {
    this.#call.pullRequest();
  }

  sendHeader(header: Metadata | undefined, compression: Compression): void {
    this.#compresses = compression !== "identity";
    this.#call.sendHeader(header, compression);
  }

  send(message: Buffer, compress: boolean): boolean {
    return this.#call.sendResponse(message, compress && this.#compresses);
  }

  end(status: Status | undefined, response: Buffer | undefined, compress: boolean): void {
    if (response !== undefined) this.#call.sendResponse(response, compress && this.#compresses);
    this.#call.end(status);
  }
}
