// How PGlite starts.
import { PGlite } from "@electric-sql/pglite";

const settings = {
  // PGlite writes zeros over all of it at each start; the default of 128 MB takes a second.
  shared_buffers: "16MB",
  // There is one session.
  max_connections: "10",
};

export const startParams: readonly string[] = [
  ...PGlite.defaultStartParams,
  ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
];

/** The log has segments of 1 MB instead of 16 MB, which a new folder begins with. */
export const initDbStartParams: readonly string[] = ["--wal-segsize=1"];
