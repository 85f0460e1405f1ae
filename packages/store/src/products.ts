import type { Run } from "./connections.ts";
import type { StoreCallOptions } from "./options.ts";
import { defaultPrice, nameOfProduct } from "./schema/defaults.ts";

export interface Product {
  readonly id: number;
  readonly name: string;
  readonly price: number;
}

export interface Products {
  /** Returns a product. One that has no row has a name made of its id, and the default price. */
  get(id: number, options?: StoreCallOptions): Promise<Product>;
}

export function createProducts(run: Run): Products {
  return {
    async get(id, options) {
      const row = await run(options, (db) => db.selectFrom("products").selectAll().where("prod_id", "=", id).executeTakeFirst());
      return { id, name: row?.prod_name ?? nameOfProduct(id), price: row?.prod_price ?? defaultPrice };
    },
  };
}
