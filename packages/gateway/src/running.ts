// The calls in flight.
import type { RpcError } from "@grpc-study/rpc";
import { type Linked, LinkedSet } from "@grpc-study/rpc/linked-set";

/** A call in flight. */
export interface RunningCall extends Linked<RunningCall> {
  /** Ends the call on both sides. */
  cancel(reason: RpcError): void;
  /** Ends its response at once, even if the response is incomplete. */
  abort(): void;
}

/** The calls in flight. */
export class Running extends LinkedSet<RunningCall> {
  #empty: PromiseWithResolvers<void> | undefined;

  override delete(call: RunningCall): boolean {
    const deleted = super.delete(call);
    if (this.#empty !== undefined && this.isEmpty) {
      this.#empty.resolve();
      this.#empty = undefined;
    }
    return deleted;
  }

  /** Resolves once no call is in flight. */
  empty(): Promise<void> {
    if (this.isEmpty) return Promise.resolve();
    this.#empty ??= Promise.withResolvers();
    return this.#empty.promise;
  }
}
