// A call of a server, as the calls see it that are made inside its handler.
import { type Linked, LinkedSet } from "../linked-set.ts";
import type { RpcError } from "../protocol/error.ts";
import type { Metadata } from "../protocol/metadata.ts";
import type { Context } from "../server/context.ts";

/** A running call of a server. */
export interface OuterCall {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly metadata: Metadata;
  /** By `steadyNow()`, or Infinity. */
  readonly deadlineMs: number;
  /** Why the handler must stop, or why the call has ended. Undefined while the call runs. */
  readonly stop: RpcError | undefined;
  /** The context of the handler. */
  readonly context: Context;
  /** The calls that end with this one. */
  readonly inner: InnerCalls;
}

/** A call of a client that ends with the call of a server. */
export interface InnerCall extends Linked<InnerCall> {
  /** Called once: the outer call has ended, or its handler must stop. */
  outerEnded(): void;
}

/** The running calls of clients that end with one call of a server. */
export class InnerCalls {
  readonly #running = new LinkedSet<InnerCall>();

  add(call: InnerCall): void {
    this.#running.add(call);
  }

  delete(call: InnerCall): void {
    this.#running.delete(call);
  }

  /** Ends all of them. The end of one may end others. */
  end(): void {
    for (let [first] = this.#running; first !== undefined; [first] = this.#running) {
      this.#running.delete(first);
      first.outerEnded();
    }
  }
}
