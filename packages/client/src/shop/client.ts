// The shop: stock, products, orders and the scores of users.

import { type Timestamp, timestampNow } from "@bufbuild/protobuf/wkt";
import {
  ListOrdersResponseSchema,
  OrderHistory,
  OrderResponseSchema,
  OrderService,
  PlacedOrderSchema,
  ProdAreas,
  ProdModelSchema,
  ProdResponseListSchema,
  ProdResponseSchema,
  ProdService,
} from "@grpc-study/proto/shop";
import { goSlice } from "../go-text.ts";
import type { Context } from "../topic.ts";
import { scores } from "./scores.ts";

export type Area = keyof typeof ProdAreas;

export interface Order {
  id: number;
  no: string;
  userId: number;
  money: number;
  /** Default: now. */
  time?: Timestamp;
}

/** Prints the stock of a product in an area, as a bare number. */
export async function stock({ connect, print }: Context, id: number, area: Area): Promise<void> {
  const response = await connect(ProdService).getProdStock({ prodId: id, prodArea: ProdAreas[area] });
  await print(ProdResponseSchema, response, `${response.prodStock}`);
}

/** Prints the stock of `size` products. */
export async function stocks({ connect, print }: Context, size: number): Promise<void> {
  const response = await connect(ProdService).getProdStocks({ size });
  await print(ProdResponseListSchema, response, goSlice(ProdResponseSchema, response.productes));
}

/** Prints a product. */
export async function info({ connect, print }: Context, id: number): Promise<void> {
  await print(ProdModelSchema, await connect(ProdService).getProdInfo({ prodId: id }));
}

/** Places an order and prints the response. */
export async function order({ connect, print }: Context, order: Order): Promise<void> {
  const orderMain = {
    orderId: order.id,
    orderNo: order.no,
    userId: order.userId,
    orderMoney: order.money,
    orderTime: order.time ?? timestampNow(),
  };
  await print(OrderResponseSchema, await connect(OrderService).newOrder({ orderMain }));
}

export interface OrderList {
  /** The number of a single order. */
  no?: string;
  filter: string;
  pageSize: number;
  pageToken: string;
  /** Whether to print all pages, not only one. */
  all?: true;
}

/** Prints placed orders, each on a line, and on a last line the token of the next page if there is one. */
export async function orders({ connect, print }: Context, { no, filter, pageSize, pageToken, all }: OrderList): Promise<void> {
  const history = connect(OrderHistory);
  if (no !== undefined) return print(PlacedOrderSchema, await history.getOrder({ orderNo: no }));
  for (let token = pageToken; ; ) {
    const page = await history.listOrders({ filter, pageSize, pageToken: token });
    for (const order of page.orders) await print(PlacedOrderSchema, order);
    token = page.nextPageToken;
    if (token === "") return;
    if (!all) return print(ListOrdersResponseSchema, { ...page, orders: [] });
  }
}

/**
 * Runs the tutorial's clients one after the other. The client that asks for an area prints the
 * whole message.
 */
export async function tutorial(context: Context): Promise<void> {
  const { connect, print } = context;
  await stock(context, 10086, "A");
  await stocks(context, 10);
  await print(ProdResponseSchema, await connect(ProdService).getProdStock({ prodId: 2, prodArea: ProdAreas.C }));
  await scores.server(context, 5);
  await scores.client(context, 5, 3);
  await scores.double(context, 5, 3);
}
