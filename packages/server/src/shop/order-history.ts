// services.OrderHistory: the orders that the shop has accepted.
import { OrderHistory } from "@grpc-study/proto/shop";
import { Code, detail, implement, RpcError } from "@grpc-study/rpc";
import { ResourceInfoSchema } from "@grpc-study/rpc/error-details";
import type { OrderCondition } from "@grpc-study/store";
import type { StoreSource } from "../data/store-source.ts";
import { invalid } from "../invalid.ts";
import { formatPageToken, parsePageToken } from "../page-token.ts";
import { FilterError, parseOrderFilter } from "./order-filter.ts";
import { placedOrder } from "./placed-order.ts";
import { type OrderWatchOptions, watchOrders } from "./watch-orders.ts";

const defaultPageSize = 50;
const mostPageSize = 1000;
export const orderHistory = (source: StoreSource, options: OrderWatchOptions = {}) =>
  implement(OrderHistory, {
    async getOrder({ orderNo }, call) {
      if (orderNo.includes("\0")) throw notFound(orderNo);
      const order = await source.use(call, ({ orders }, options) => orders.get(orderNo, options));
      if (order === undefined) throw notFound(orderNo);
      return placedOrder(order);
    },

    async listOrders({ pageSize, pageToken, filter }, call) {
      const conditions = conditionsOf(filter);
      const after = pageToken === "" ? undefined : parsePageToken(pageToken, filter);
      if (pageToken !== "" && after === undefined) throw invalid("page_token", "must be a next_page_token of the same filter");
      const limit = Math.min(pageSize || defaultPageSize, mostPageSize);
      const { orders, more } = await source.use(call, ({ orders }, options) => orders.list({ conditions, after, limit }, options));
      const last = orders.at(-1);
      return { orders: orders.map(placedOrder), nextPageToken: more && last ? formatPageToken(last.position, filter) : "" };
    },

    watchOrders: ({ afterPosition: after, filter }, { signal }) =>
      watchOrders(source, { after, conditions: conditionsOf(filter), signal }, options),
  });

function conditionsOf(filter: string): OrderCondition[] {
  try {
    return parseOrderFilter(filter);
  } catch (error) {
    if (error instanceof FilterError) throw invalid("filter", error.message);
    throw error;
  }
}

function notFound(orderNo: string): RpcError {
  return new RpcError(Code.NOT_FOUND, `no order has the order_no ${JSON.stringify(orderNo)}`, {
    details: [detail(ResourceInfoSchema, { resourceType: "services.OrderMain", resourceName: orderNo })],
  });
}
