// The calls in flight.
import { type Linked, LinkedSet } from "@grpc-study/rpc/linked-set";

/** The calls in flight. */
export class Running<Call extends Linked<Call>> extends LinkedSet<Call> {
  #empty: PromiseWithResolvers<void> | undefined;

  override delete(call: Call): boolean {
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
