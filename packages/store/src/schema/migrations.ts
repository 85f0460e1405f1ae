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

  // The order of positions is the order of commits, so that a reader that has seen a position has
  // seen all before it. The lock is held from the position to the end of the transaction.
  "003_positions_in_commit_order": {
    async up(db: Kysely<Schema>) {
      await sql`alter table orders alter column position drop identity`.execute(db);
      await sql`create sequence orders_position owned by orders.position`.execute(db);
      await sql`select setval('orders_position', max(position)) from orders having max(position) is not null`.execute(db);
      await sql`create function next_order_position() returns bigint language plpgsql as $$
        begin
          perform pg_advisory_xact_lock(7237126913);
          return nextval('orders_position');
        end $$`.execute(db);
      // The time is taken after the lock, so that it ascends with the position.
      await sql`alter table orders
        alter column position set default next_order_position(),
        alter column placed_at set default clock_timestamp()`.execute(db);
      await sql`create function announce_orders() returns trigger language plpgsql as $$
        begin
          perform pg_notify('orders', 'orders');
          return null;
        end $$`.execute(db);
      await sql`create trigger announce_orders after insert on orders execute function announce_orders()`.execute(db);
    },
  },
};
