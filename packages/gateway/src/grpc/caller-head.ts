// The header of a caller, as its calls go to the upstream. Calls that repeat their header share it.
import { randomUUID } from "node:crypto";
import type { Metadata } from "@grpc-study/rpc";
import { type MetadataSize, metadataSize, requestFault, type ServerStream } from "@grpc-study/rpc/transport";
import { type Origin, type OriginOf, prepareMetadata } from "./origin.ts";

export class CallerHead {
  readonly origin: Origin;
  /** The address of the client. */
  readonly address: string;
  /** The caller's `x-request-id`. Undefined if each call gets its own. */
  readonly requestId: string | undefined;
  /** Why the metadata cannot be sent. */
  readonly fault: string | undefined;
  /** The size of the metadata of a call. */
  readonly size: MetadataSize;
  /** Without a request id, if each call gets its own. */
  readonly #metadata: Metadata;

  /** @throws RpcError to reject the call, for example for a host that is not allowed. */
  constructor(caller: ServerStream, originOf: OriginOf) {
    const { metadata } = caller;
    this.origin = originOf(caller, metadata);
    this.address = this.origin.addresses[0] ?? "";
    this.requestId = prepareMetadata(metadata, this.origin);
    this.#metadata = metadata;
    const sample = this.copy(anyId);
    this.fault = requestFault(sample);
    this.size = metadataSize(sample);
  }

  /** Returns the metadata of a call, which nobody changes. */
  metadata(requestId: string): Metadata {
    return this.requestId === undefined ? this.copy(requestId) : this.#metadata;
  }

  /** Returns metadata of a call that may be changed. */
  copy(requestId: string): Metadata {
    const copy = this.#metadata.clone();
    if (this.requestId === undefined) copy.receive("x-request-id", requestId);
    return copy;
  }
}

/** The size of all ids. */
const anyId = randomUUID();

/**
 * Returns the header of a call.
 *
 * @throws RpcError to reject the call.
 */
export function headOf(caller: ServerStream, originOf: OriginOf): CallerHead {
  const { head: shared } = caller;
  if (shared === undefined) return new CallerHead(caller, originOf);
  if (shared.memo instanceof CallerHead) return shared.memo;
  const head = new CallerHead(caller, originOf);
  shared.memo = head;
  return head;
}
