// WatchOrders: orders as they are placed.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PlacedOrderSchema, WatchOrdersResponseSchema } from "@grpc-study/proto/shop";
import type { OrderCondition, PlacedOrder } from "@grpc-study/store";
import { orAborted } from "../data/process-resource.ts";
import type { StoreSource } from "../data/store-source.ts";
import { unavailable } from "../data/unavailable.ts";
import { liveRpcError } from "../live/live-errors.ts";
import { orderMatches } from "./order-matches.ts";
import { placedOrder } from "./placed-order.ts";

export interface OrderWatchOptions {
  /** How many orders a watcher may fall behind. Default: 10,000. */
  readonly maxBehind?: number;
  /** The number of orders that the filter leaves out before a response has only the position. Default: 1,000. */
  readonly mostLeftOut?: number;
  /** Ends the watches with UNAVAILABLE, so that their clients continue elsewhere. */
  readonly closing?: AbortSignal;
}

export interface OrderWatchRequest {
  /** Only orders after this position. Default: those that are placed from now on. */
  readonly after: bigint | undefined;
  readonly conditions: readonly OrderCondition[];
  readonly signal: AbortSignal;
}

/**
 * Yields the position where the watch begins, and then orders. Waits while the database is away.
 *
 * @throws RpcError as `liveRpcError` says.
 */
export async function* watchOrders(
  source: StoreSource,
  { after, conditions, signal: call }: OrderWatchRequest,
  { maxBehind, mostLeftOut = 1000, closing }: OrderWatchOptions = {},
): AsyncGenerator<MessageInitShape<typeof WatchOrdersResponseSchema>> {
  const signal = closing === undefined ? call : AbortSignal.any([call, closing]);
  try {
    const watch = await source.use({ signal }, ({ orders }) => orAborted(orders.watch({ after, maxBehind, signal }), signal));
    yield { position: watch.position };
    let leftOut = 0;
    for await (const order of watch) {
      const { position } = order;
      if (orderMatches(order, conditions)) {
        leftOut = 0;
        yield { order: messageOf(order), position };
      } else if (++leftOut === mostLeftOut) {
        leftOut = 0;
        yield { position };
      }
    }
  } catch (error) {
    if (!closing?.aborted) throw liveRpcError(error);
  }
  if (closing?.aborted) throw unavailable("the server is shutting down", closing.reason);
}

/** The message of an order, which all watchers of a process share. */
function messageOf(order: PlacedOrder): MessageInitShape<typeof PlacedOrderSchema> {
  let message = messages.get(order);
  if (message === undefined) {
    message = placedOrder(order);
    messages.set(order, message);
  }
  return message;
}

const messages = new WeakMap<PlacedOrder, MessageInitShape<typeof PlacedOrderSchema>>();
