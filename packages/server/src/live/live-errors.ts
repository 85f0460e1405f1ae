// The errors of the live log as statuses of calls.
import { LiveError } from "@grpc-study/live";
import { Code, detail, RpcError } from "@grpc-study/rpc";
import { ErrorInfoSchema } from "@grpc-study/rpc/error-details";
import { unavailable } from "../data/unavailable.ts";

/** The domain of the ErrorInfo, whose reasons are BEHIND, TRIMMED and AHEAD. */
const domain = "grpc-study/live";

/**
 * Converts an error of the log, and returns others unchanged. A reader that has lost its place gets
 * an ErrorInfo with the reason, and with the last position that it has read:
 *
 * | reason | status | the client |
 * |---|---|---|
 * | `unavailable`, `closed` | UNAVAILABLE with RetryInfo | continues after its position, or sends again with the same id |
 * | `behind` | RESOURCE_EXHAUSTED with ErrorInfo | continues after its position, and reads faster |
 * | `trimmed`, `ahead` | OUT_OF_RANGE with ErrorInfo | starts anew: what follows its position is gone |
 */
export function liveRpcError(error: unknown): unknown {
  if (!(error instanceof LiveError)) return error;
  const { reason, message, position } = error;
  switch (reason) {
    case "unavailable":
      // The message of the cause may name hosts. It goes to the log of the operator.
      return unavailable("the live log cannot be reached", error);
    case "closed":
      return unavailable("the server is shutting down", error);
    case "behind":
      return new RpcError(Code.RESOURCE_EXHAUSTED, message, { details: [info("BEHIND", position)], cause: error });
    case "trimmed":
    case "ahead":
      return new RpcError(Code.OUT_OF_RANGE, message, { details: [info(reason.toUpperCase(), position)], cause: error });
  }
}

function info(reason: string, position: bigint | undefined) {
  return detail(ErrorInfoSchema, { reason, domain, metadata: position === undefined ? {} : { position: `${position}` } });
}
