// The transport for calls within a process. Messages are encoded and decoded, and the limits of
// both sides apply, as over a socket.

import type { ServerLimits } from "../../limits/limits.ts";
import { type Linked, LinkedSet } from "../../linked-set.ts";
import { Code } from "../../protocol/code.ts";
import type { Metadata } from "../../protocol/metadata.ts";
import { type MetadataSize, metadataSize } from "../../protocol/metadata-rules.ts";
import type { Status } from "../../protocol/status.ts";
import type { OutgoingCall } from "../client.ts";
import type { ServedMethod, ServerTransport, UnknownCall, UnsentCall } from "../server.ts";
import type { CallServer } from "./call.ts";
import { copyRequestMetadata } from "./copy-metadata.ts";
import { inProcessPeer } from "./server-stream.ts";
import { Turn } from "./turn.ts";

/** The server limits that apply within a process. */
export type InProcessServerLimits = Pick<
  ServerLimits,
  "maxReceiveMessageBytes" | "maxSendMessageBytes" | "maxMetadataBytes" | "maxMetadataPairs"
>;

/** A call that the server runs. */
interface LocalRunningCall extends UnsentCall, Linked<LocalRunningCall> {
  /** Whether the handler has ended the call, but the caller has not read the status. */
  readonly answered?: boolean;
  /** Ends the call on both sides. */
  destroy(): void;
}

/** A server's in-process transport. */
export class InProcessTransport implements Omit<ServerTransport, "listen">, CallServer {
  readonly limits: InProcessServerLimits;
  readonly turn = new Turn();
  readonly #methods = new Map<string, ServedMethod>();
  readonly #running = new LinkedSet<LocalRunningCall>();
  readonly #onUnknown: ((call: UnknownCall) => void) | undefined;
  #drained: PromiseWithResolvers<void> | undefined;

  /** @param onUnknown called for each call to a method that is not served. It must not throw. */
  constructor(limits: InProcessServerLimits, onUnknown?: (call: UnknownCall) => void) {
    this.limits = limits;
    this.#onUnknown = onUnknown;
  }

  add(method: ServedMethod): void {
    if (this.#methods.has(method.path)) throw new TypeError(`the method ${method.path} is served already`);
    this.#methods.set(method.path, method);
  }

  drain(): Promise<void> {
    this.#drained ??= Promise.withResolvers();
    if (this.#running.isEmpty) this.#drained.resolve();
    return this.#drained.promise;
  }

  unsent(): UnsentCall[] {
    return [...this.#running].filter(({ answered }) => answered === true);
  }

  destroy(): void {
    this.#drained ??= Promise.withResolvers();
    for (const call of this.#running) call.destroy();
    if (this.#running.isEmpty) this.#drained.resolve();
  }

  /** Returns the method of a call, or the status that rejects the call. */
  find({ method: { path }, metadata }: OutgoingCall): ServedMethod | Status {
    return this.refusal(metadata && metadataSize(metadata)) ?? this.served(path) ?? this.unknown(path, () => metadata);
  }

  /** Returns the status that rejects a call, whatever its method. */
  refusal(metadata: MetadataSize | undefined): Status | undefined {
    if (this.#drained !== undefined) return rejection(Code.UNAVAILABLE, "the server is shutting down");
    if (metadata === undefined) return undefined;
    const { maxMetadataBytes, maxMetadataPairs } = this.limits;
    const { bytes, pairs } = metadata;
    if (bytes > maxMetadataBytes) {
      return rejection(Code.RESOURCE_EXHAUSTED, `the metadata has ${bytes} bytes, and maxMetadataBytes is ${maxMetadataBytes}`);
    }
    if (pairs > maxMetadataPairs) {
      return rejection(Code.RESOURCE_EXHAUSTED, `the metadata has ${pairs} pairs, and maxMetadataPairs is ${maxMetadataPairs}`);
    }
    return undefined;
  }

  /** Returns the method with a path. */
  served(path: string): ServedMethod | undefined {
    return this.#methods.get(path);
  }

  /**
   * Returns the status of a call to a method that is not served.
   *
   * @param metadata returns that of the request.
   */
  unknown(path: string, metadata: () => Metadata | undefined): Status {
    this.#onUnknown?.({
      path,
      metadata: copyRequestMetadata(metadata()),
      peer: inProcessPeer,
      authority: inProcessPeer,
      secure: true,
    });
    return rejection(Code.UNIMPLEMENTED, `The server does not implement the method ${path}`);
  }

  started(call: LocalRunningCall): void {
    this.#running.add(call);
  }

  ended(call: LocalRunningCall): void {
    if (this.#running.delete(call) && this.#running.isEmpty) this.#drained?.resolve();
  }
}

function rejection(code: Code, message: string): Status {
  return { code, message, metadata: undefined };
}
