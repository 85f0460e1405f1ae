// The default place of the data.
import { inRepository } from "../repository.ts";

/** Returns `$GRPC_STUDY_DATA`, or `data/` at the root of the repository. */
export function defaultData(): string {
  return process.env.GRPC_STUDY_DATA || inRepository("data");
}
