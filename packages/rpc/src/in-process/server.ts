// The calls of a server that come without a socket.
import type { StatusObject } from "@grpc/grpc-js";
import { Code } from "../protocol/code.ts";
import { LinkedSet } from "../linked-set.ts";
import type { Implementation } from "../server/implement.ts";
import { type Handle, type InProcessCall, status } from "./call.ts";
import type { InProcessServer } from "./channel.ts";

export class InProcessCalls implements InProcessServer {
  readonly #methods = new Map<string, Handle>();
  readonly #running = new LinkedSet<InProcessCall>();
  #closed = false;
  #idle: (() => void) | undefined;

  add([definition, handlers]: Implementation): void {
    for (const [name, { path, requestStream, responseStream }] of Object.entries(definition)) {
      const handle = handlers[name];
      if (handle !== undefined) this.#methods.set(path, { requestStream, responseStream, handle });
    }
  }

  find(path: string): Handle | { readonly refusal: StatusObject } {
    if (this.#closed) return { refusal: status(Code.UNAVAILABLE, "the server is shutting down") };
    return this.#methods.get(path) ?? { refusal: status(Code.UNIMPLEMENTED, `The server does not implement the method ${path}`) };
  }

  started(call: InProcessCall): void {
    this.#running.add(call);
  }

  ended(call: InProcessCall): void {
    if (this.#running.delete(call) && this.#running.isEmpty) this.#idle?.();
  }

  /** Takes no more calls. Resolves once those that run have ended. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#running.isEmpty
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.#idle = resolve;
        });
  }
}
