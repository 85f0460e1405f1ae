// The tables, as kysely types queries by them. `migrations.ts` creates them.
import type { Generated } from "kysely";

export interface Schema {
  products: {
    prod_id: number;
    prod_name: string;
    /** A float of 32 bits. */
    prod_price: number;
  };
  /** The shop has one stock of all products in each area, and stocks without an area. */
  stock: {
    /** The position in the list of all stocks. */
    position: number;
    area: string | null;
    stock: number;
  };
  users: {
    user_id: number;
    /** From 0 to 99. */
    user_score: number;
  };
  orders: {
    /** Increases with each order that commits. A `bigint`, which the driver returns as text. */
    position: Generated<string>;
    order_no: string;
    order_id: number;
    user_id: number;
    /** A float of 32 bits. */
    order_money: number;
    /** With microseconds. */
    order_time: string | null;
    placed_at: Generated<string>;
  };
}
