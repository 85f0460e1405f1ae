// Which calls a server has, and which of them their clients cancelled.
import type { ServerInterceptor } from "@grpc-study/rpc";

/** The header with the name of the case. Calls without it are not counted. */
export const caseHeader = "x-conformance-case";

export class Cancellations {
  readonly #open = new Set<string>();
  readonly #cancelled = new Set<string>();

  /** The calls that a client has cancelled, or should have, and that go on. */
  get open(): readonly string[] {
    return [...this.#open];
  }

  /** The calls whose handlers have seen that they are cancelled. */
  get cancelled(): ReadonlySet<string> {
    return this.#cancelled;
  }

  readonly interceptor: ServerInterceptor = (call, next) => {
    const name = call.metadata.get(caseHeader);
    if (typeof name !== "string") return next();
    this.#open.add(name);
    call.onEnd((error) => {
      this.#open.delete(name);
      if (error !== undefined) this.#cancelled.add(name);
    });
    return next();
  };
}
