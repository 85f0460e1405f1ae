// Watches orders, also over restarts of the server.
import { setTimeout } from "node:timers/promises";
import { OrderHistory, PlacedOrderSchema } from "@grpc-study/proto/shop";
import { Code, RpcError } from "@grpc-study/rpc";
import type { Context } from "../topic.ts";

export interface Watch {
  /** Prints only orders after this position. Default: those that are placed from now on. */
  from?: bigint;
  filter: string;
}

/** Milliseconds before another attempt; each further one doubles them. */
const firstDelayMs = 100;
const longestDelayMs = 5000;

/**
 * The server or its database is away, or this client was too slow. A client that continues after its
 * position misses nothing.
 */
const passing: readonly Code[] = [Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED];

/**
 * Prints orders as they are placed, each on a line, until Ctrl-C. A watch that has begun and fails
 * continues after the last order, and a note says so.
 */
export async function watch({ connect, print, note, onInterrupt }: Context, { from, filter }: Watch): Promise<void> {
  const history = connect(OrderHistory);
  const stop = new AbortController();
  const { signal } = stop;
  const release = onInterrupt(() => stop.abort());
  let position = from;
  let begun = false;
  try {
    for (let delayMs = firstDelayMs; !signal.aborted; delayMs = Math.min(2 * delayMs, longestDelayMs)) {
      const request = { filter, ...(position !== undefined && { afterPosition: position }) };
      try {
        for await (const response of history.watchOrders(request, { signal })) {
          if (response.order !== undefined) await print(PlacedOrderSchema, response.order);
          ({ position } = response);
          begun = true;
          delayMs = firstDelayMs;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!begun || !(error instanceof RpcError) || !passing.includes(error.code)) throw error;
        note(`${error.toString()}; continuing after position ${position}`);
      }
      await setTimeout(delayMs, undefined, { signal }).catch(() => {});
    }
  } finally {
    release();
  }
}
