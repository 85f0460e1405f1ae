import type { Database, Queryable } from "./database.ts";

/** The part of a PGlite that the log uses. */
export interface PgliteLike extends Queryable {
  exec(text: string): Promise<unknown>;
  listen(channel: string, onNotification: (payload: string) => void): Promise<() => Promise<void>>;
}

/** PGlite runs in this process: its connection cannot be lost. The caller closes it. */
export function pgliteDatabase(pglite: PgliteLike): Database {
  return {
    query: (text, values) => pglite.query(text, values),
    async script(text) {
      await pglite.exec(`BEGIN; ${text}; COMMIT`);
    },
    async listen(channel, onNotification, _onLost, signal) {
      const unlisten = await pglite.listen(channel, onNotification);
      const end = () => void unlisten().catch(() => {});
      if (signal.aborted) end();
      else signal.addEventListener("abort", end, { once: true });
    },
    async close() {},
  };
}
