// What the functions of a client need from a call, with or without interceptors.
import type { Message } from "@bufbuild/protobuf";
import type { AnyIterable } from "../iterable.ts";
import type { Metadata } from "../protocol/metadata.ts";
import type { SendOptions } from "./options.ts";
import type { Result } from "./receive-queue.ts";

export interface CallHandle {
  /** @param invalidOptions the error for the call's options. The call ends with it. */
  begin(invalidOptions: TypeError | undefined): void;
  sendOnly(init: unknown): void;
  readonly trailer: Metadata | undefined;
  sendFrom(requests: AnyIterable): void;
  send(init: unknown, options?: SendOptions): Promise<boolean>;
  closeSend(): void;
  header(): Promise<Metadata>;
  cancel(): void;
}

export interface SingleHandle extends CallHandle {
  read(): Promise<Message>;
}

export interface StreamHandle extends CallHandle {
  recv(): Promise<Message | undefined>;
  next(): Promise<Result>;
}

/** Learns when a call has ended. */
export interface EndListener {
  /** @param failure the error that the reader gets, or undefined for OK. */
  callEnded(failure: unknown): void;
}
