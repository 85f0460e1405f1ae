// The default place of the data.
import { fileURLToPath } from "node:url";

/** Returns `$GRPC_STUDY_DATA`, or `data/` at the root of the repository, whatever the current folder is. */
export function defaultData(): string {
  // `src/data/` and `dist/data/` are at the same depth.
  return process.env.GRPC_STUDY_DATA || fileURLToPath(new URL("../../../../data", import.meta.url));
}
