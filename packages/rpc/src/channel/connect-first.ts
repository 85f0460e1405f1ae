// Connects to the first of several addresses that accepts a connection (gRFC A61, "happy
// eyeballs").
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import { waitingFor } from "../transport/connect-cause.ts";
import type { Address, Connection, ConnectStep, Dial } from "../transport/connection.ts";

/**
 * The delay between the attempts to two addresses, in milliseconds (RFC 8305, section 5; gRFC A61).
 */
const staggerMs = 250;

/** A connection and its address. */
export interface Connected {
  readonly connection: Connection;
  readonly address: Address;
}

/**
 * One pass over a list of addresses, in order. The next attempt begins when the previous one fails,
 * or 250 ms after it began. The first connection wins, and the other attempts are aborted.
 */
export class ConnectFirst {
  readonly #addresses: readonly Address[];
  readonly #dial: Dial;
  readonly #target: string;
  readonly #timeoutMs: number;
  readonly #onStep: (step: ConnectStep) => void;
  readonly #attempts = new Set<AbortController>();
  #next = 0;
  #stagger: NodeJS.Timeout | undefined;
  #settled = false;
  readonly #done = Promise.withResolvers<Connected>();

  /**
   * @param timeoutMs the time limit for the attempt to one address.
   * @param onStep called when a step of any attempt begins.
   */
  constructor(addresses: readonly Address[], dial: Dial, target: string, timeoutMs: number, onStep: (step: ConnectStep) => void) {
    this.#addresses = addresses;
    this.#dial = dial;
    this.#target = target;
    this.#timeoutMs = timeoutMs;
    this.#onStep = onStep;
    this.#begin();
  }

  /** Rejects with the last failure once all attempts have failed. Stays pending after `cancel`. */
  get connected(): Promise<Connected> {
    return this.#done.promise;
  }

  cancel(): void {
    this.#settle(new Error("the channel cancelled the attempt to connect"));
  }

  #begin(): void {
    const address = this.#addresses[this.#next++];
    clearTimeout(this.#stagger);
    if (address === undefined) return;
    if (this.#next < this.#addresses.length) this.#stagger = setTimeout(() => this.#begin(), staggerMs).unref();
    void this.#attempt(address);
  }

  async #attempt(address: Address): Promise<void> {
    const controller = new AbortController();
    this.#attempts.add(controller);
    let step: ConnectStep | undefined;
    const timeUp = () => controller.abort(connectTimeout(this.#target, this.#timeoutMs, step));
    const deadline = setTimeout(timeUp, this.#timeoutMs).unref();
    try {
      const connection = await this.#dial(address, controller.signal, (begun) => {
        step = begun;
        this.#onStep(begun);
      });
      if (this.#settled) {
        connection.close();
        return;
      }
      this.#attempts.delete(controller);
      this.#settle(new Error("another address connected first"));
      this.#done.resolve({ connection, address });
    } catch (error) {
      this.#attempts.delete(controller);
      this.#failed(error);
    } finally {
      clearTimeout(deadline);
    }
  }

  #failed(error: unknown): void {
    if (this.#settled) return;
    if (this.#next < this.#addresses.length) this.#begin();
    else if (this.#attempts.size === 0) {
      this.#settle(error);
      this.#done.reject(error);
    }
  }

  #settle(reason: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#stagger);
    for (const attempt of this.#attempts) attempt.abort(reason);
  }
}

/** @param step what the attempt was waiting for. */
export function connectTimeout(target: string, timeoutMs: number, step: string | undefined): RpcError {
  const message = `no connection to ${target} within ${timeoutMs} ms${waitingFor(step)}`;
  return new RpcError(Code.UNAVAILABLE, message, { cause: new Error("connect timeout") });
}
