import { type Kysely, sql } from "kysely";
import type { Run } from "./connections.ts";
import type { StoreCallOptions } from "./options.ts";
import type { Schema } from "./schema/schema.ts";

export interface Order {
  readonly no: string;
  readonly id: number;
  readonly userId: number;
  /** A float of 32 bits. */
  readonly money: number;
  /** RFC 3339, such as `2021-07-22T10:00:00Z`. Kept with microseconds. */
  readonly time: string | undefined;
}

export interface PlacedOrder extends Order {
  /** Increases with each order that commits: whoever has seen a position has seen all before it. May have gaps. */
  readonly position: bigint;
  /** RFC 3339 with microseconds. */
  readonly placedAt: string;
}

/** The fields that a query may compare. */
export type OrderField = "id" | "userId" | "money" | "time" | "placedAt";

export interface OrderCondition {
  readonly field: OrderField;
  readonly operator: "=" | "!=" | "<" | "<=" | ">" | ">=";
  /** A number, or RFC 3339 for a time. */
  readonly value: number | string;
}

export interface OrderQuery {
  /** All of them must hold. */
  readonly conditions?: readonly OrderCondition[];
  /** Only orders after this position. Default: from the first one. */
  readonly after?: bigint | undefined;
  /** The most orders to return. */
  readonly limit: number;
}

export interface OrderPage {
  /** By position. */
  readonly orders: readonly PlacedOrder[];
  /** Whether more orders follow. */
  readonly more: boolean;
}

export interface Orders {
  /**
   * Places an order. Once the promise resolves, the order survives a crash of the process if the data
   * is in a folder, and a crash of the machine too if it is on a server. (PGlite does not wait for the
   * disk.) Placing the same order again has no effect; the identity of an order excludes its time,
   * since a client may take it anew when it tries again.
   *
   * @throws OrderExistsError if another order has the same number.
   */
  place(order: Order, options?: StoreCallOptions): Promise<"placed" | "repeated">;
  get(no: string, options?: StoreCallOptions): Promise<PlacedOrder | undefined>;
  list(query: OrderQuery, options?: StoreCallOptions): Promise<OrderPage>;
}

/** Another order has the same number. */
export class OrderExistsError extends Error {
  static {
    OrderExistsError.prototype.name = "OrderExistsError";
  }
  readonly existing: PlacedOrder;
  /** The fields whose values differ. */
  readonly differs: readonly ("id" | "userId" | "money")[];

  constructor(existing: PlacedOrder, differs: OrderExistsError["differs"]) {
    super(`another order has the number ${JSON.stringify(existing.no)}`);
    this.existing = existing;
    this.differs = differs;
  }
}

const columns = {
  id: "order_id",
  userId: "user_id",
  money: "order_money",
  time: "order_time",
  placedAt: "placed_at",
} as const satisfies Record<OrderField, keyof Schema["orders"]>;

const types = { id: "integer", userId: "integer", money: "real", time: "timestamptz", placedAt: "timestamptz" } as const;

/** @param onPlaced called once an order is placed, also if its caller no longer waits. */
export function createOrders(run: Run, onPlaced: () => void): Orders {
  return {
    // The insert is a transaction of its own: one that a client must commit would keep the lock of
    // the position meanwhile, also if that client hangs.
    place: (order, options) =>
      run(options, async (db) => {
        const inserted = await db
          .insertInto("orders")
          .values({
            order_no: order.no,
            order_id: order.id,
            user_id: order.userId,
            order_money: order.money,
            order_time: order.time ?? null,
          })
          // Waits for a concurrent transaction with the same number, so that the order below exists.
          .onConflict((conflict) => conflict.column("order_no").doNothing())
          .returning("position")
          .executeTakeFirst();
        if (inserted !== undefined) {
          onPlaced();
          return "placed";
        }
        const existing = toOrder(await selectOrders(db).where("order_no", "=", order.no).executeTakeFirstOrThrow());
        const differs = differences(order, existing);
        if (differs.length > 0) throw new OrderExistsError(existing, differs);
        return "repeated";
      }),

    async get(no, options) {
      const row = await run(options, (db) => selectOrders(db).where("order_no", "=", no).executeTakeFirst());
      return row && toOrder(row);
    },

    async list({ conditions = [], after, limit }, options) {
      const rows = await run(options, (db) => {
        let query = selectOrders(db)
          .orderBy("position")
          .limit(limit + 1);
        if (after !== undefined) query = query.where("position", ">", String(after));
        for (const { field, operator, value } of conditions) {
          query = query.where(columns[field], operator, sql<number>`${value}::${sql.raw(types[field])}`);
        }
        return query.execute();
      });
      return { orders: rows.slice(0, limit).map(toOrder), more: rows.length > limit };
    },
  };
}

function differences(order: Order, existing: Order): OrderExistsError["differs"] {
  const same = {
    id: order.id === existing.id,
    userId: order.userId === existing.userId,
    money: Math.fround(order.money) === Math.fround(existing.money),
  };
  return (["id", "userId", "money"] as const).filter((field) => !same[field]);
}

/** Text, since the driver's `Date` has milliseconds only. */
const utc = (column: "order_time" | "placed_at") =>
  sql<string | null>`to_char(${sql.ref(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const selectOrders = (db: Kysely<Schema>) =>
  db
    .selectFrom("orders")
    .select(["position", "order_no", "order_id", "user_id", "order_money"])
    .select([utc("order_time").as("time"), utc("placed_at").as("placed")]);

type Row = Awaited<ReturnType<ReturnType<typeof selectOrders>["executeTakeFirstOrThrow"]>>;

function toOrder(row: Row): PlacedOrder {
  return {
    no: row.order_no,
    id: row.order_id,
    userId: row.user_id,
    money: row.order_money,
    time: row.time ?? undefined,
    position: BigInt(row.position),
    placedAt: row.placed ?? "",
  };
}
