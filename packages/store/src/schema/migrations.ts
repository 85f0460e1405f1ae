// The migrations, in the order of their names. A migration that has been released never changes.
import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import { defaultPrice, nameOfProduct, scoreOfUser } from "./defaults.ts";
import type { Schema } from "./schema.ts";

export const migrations: Readonly<Record<string, Migration>> = {
  "001_tables": {
    async up(db: Kysely<Schema>) {
      await db.schema
        .createTable("products")
        .addColumn("prod_id", "integer", (column) => column.primaryKey().check(sql`prod_id > 0`))
        .addColumn("prod_name", "text", (column) => column.notNull())
        .addColumn("prod_price", "real", (column) => column.notNull().check(sql`prod_price >= 0`))
        .execute();
      await db.schema
        .createTable("stock")
        .addColumn("position", "integer", (column) => column.primaryKey())
        .addColumn("area", "text", (column) => column.unique().check(sql`area in ('A', 'B', 'C')`))
        .addColumn("stock", "integer", (column) => column.notNull().check(sql`stock >= 0`))
        .execute();
      await db.schema
        .createTable("users")
        .addColumn("user_id", "integer", (column) => column.primaryKey().check(sql`user_id > 0`))
        .addColumn("user_score", "integer", (column) => column.notNull().check(sql`user_score between 0 and 99`))
        .execute();
      await db.schema
        .createTable("orders")
        .addColumn("position", "bigint", (column) => column.generatedAlwaysAsIdentity().primaryKey())
        .addColumn("order_no", "text", (column) => column.notNull().unique())
        .addColumn("order_id", "integer", (column) => column.notNull())
        .addColumn("user_id", "integer", (column) => column.notNull())
        .addColumn("order_money", "real", (column) => column.notNull())
        .addColumn("order_time", "timestamptz")
        .addColumn("placed_at", "timestamptz", (column) => column.notNull().defaultTo(sql`now()`))
        .execute();
      await db.schema.createIndex("orders_by_user").on("orders").columns(["user_id", "position"]).execute();
    },
  },

  // What the tutorial's shop answers.
  "002_seed": {
    async up(db: Kysely<Schema>) {
      await db
        .insertInto("stock")
        .values([
          { position: 1, area: "A", stock: 114514 },
          { position: 2, area: null, stock: 10086 },
          { position: 3, area: "B", stock: 721 },
          { position: 4, area: "C", stock: 666 },
        ])
        .execute();
      await db
        .insertInto("products")
        .values([1, 2, 998, 10086].map((prod_id) => ({ prod_id, prod_name: nameOfProduct(prod_id), prod_price: defaultPrice })))
        .execute();
      await db
        .insertInto("users")
        .values(Array.from({ length: 100 }, (_, index) => ({ user_id: index + 1, user_score: scoreOfUser(index + 1) })))
        .execute();
    },
  },
};
