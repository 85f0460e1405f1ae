// The shop: products and their stock, orders, scores of users.
import type { ServiceEntry } from "../../schema/services.ts";
import { type Found, findMethods } from "../shape.ts";

const product = { prod_id: "number", prod_area: "enum" } as const;
const prod = {
  GetProdStock: { kind: "unary", input: product, output: { prod_stock: "number" } },
  GetProdInfo: { kind: "unary", input: product, output: { prod_id: "number", prod_name: "string", prod_price: "number" } },
} as const;
const order = {
  NewOrder: {
    kind: "unary",
    input: { order_main: { order_id: "number", order_no: "string", user_id: "number", order_money: "number", order_time: "time" } },
    output: { status: "string", message: "string" },
  },
} as const;
const users = { users: [{ user_id: "number", user_score: "number" }] } as const;
const user = { GetUserScoreByServerStream: { kind: "server_streaming", input: users, output: users } } as const;

export type ShopMethods = Found<typeof prod & typeof order & typeof user>;

export function shopMethods(services: readonly ServiceEntry[]): ShopMethods | undefined {
  const products = findMethods(services, "ProdService", prod);
  const orders = findMethods(services, "OrderService", order);
  const scores = findMethods(services, "UserService", user);
  return products && orders && scores && { ...products, ...orders, ...scores };
}
