// The calls in flight.
import { LinkedSet } from "@grpc-study/rpc/linked-set";
import type { Exchange } from "./exchange.ts";

/** The calls in flight. */
export class Running extends LinkedSet<Exchange> {
  #empty: PromiseWithResolvers<void> | undefined;

  override delete(exchange: Exchange): boolean {
    const deleted = super.delete(exchange);
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
