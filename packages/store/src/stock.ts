import type { Run } from "./connections.ts";
import type { StoreCallOptions } from "./options.ts";

export type Area = "A" | "B" | "C";

export interface Stock {
  /** Returns the stock of an area. */
  inArea(area: Area, options?: StoreCallOptions): Promise<number>;
  /** Returns all stocks in order, or the first `limit` ones. */
  list(limit?: number, options?: StoreCallOptions): Promise<number[]>;
}

export function createStock(run: Run): Stock {
  return {
    async inArea(area, options) {
      const row = await run(options, (db) => db.selectFrom("stock").select("stock").where("area", "=", area).executeTakeFirst());
      return row?.stock ?? 0;
    },

    async list(limit, options) {
      const rows = await run(options, (db) => {
        const query = db.selectFrom("stock").select("stock").orderBy("position");
        return (limit === undefined ? query : query.limit(limit)).execute();
      });
      return rows.map(({ stock }) => stock);
    },
  };
}
