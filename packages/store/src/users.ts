import { sql } from "kysely";
import type { Run } from "./connections.ts";
import type { StoreCallOptions } from "./options.ts";
import { scoreOfUser } from "./schema/defaults.ts";

export interface Users {
  /** Returns the score of each user, in the order of the ids. A user who has no row has a score computed from the id. */
  scores(ids: readonly number[], options?: StoreCallOptions): Promise<number[]>;
}

export function createUsers(run: Run): Users {
  return {
    async scores(ids, options) {
      if (ids.length === 0) return [];
      const rows = await run(options, (db) =>
        db
          .selectFrom("users")
          .selectAll()
          // One parameter, whatever the number of ids.
          .where("user_id", "=", sql<number>`any(${[...new Set(ids)]}::integer[])`)
          .execute(),
      );
      const scores = new Map(rows.map(({ user_id, user_score }) => [user_id, user_score]));
      return ids.map((id) => scores.get(id) ?? scoreOfUser(id));
    },
  };
}
