// The end of an attempt.
import { ErrorCode, type Stream } from "@grpc-study/http2";
import type { Status } from "../../../protocol/status.ts";
import type { AttemptListener, Progress } from "../../connection.ts";

/**
 * A received status, kept until everything before it has been delivered. A class rather than a
 * literal, because it has the call's metadata.
 */
export class AttemptEnd {
  readonly status: Status;
  readonly progress: Progress;
  readonly pushback: string | undefined;

  constructor(status: Status, progress: Progress, pushback: string | undefined) {
    this.status = status;
    this.progress = progress;
    this.pushback = pushback;
  }
}

/** The listener of an attempt that has ended. */
export const noListener: AttemptListener = {
  onHeader() {},
  onMessage() {},
  onDrain() {},
  onEnd() {},
};

/**
 * Resets the rest of the request: the server does not need it once the response is complete (RFC
 * 9113, section 8.1).
 */
export function endRequest(stream: Stream): void {
  stream.reset(ErrorCode.NO_ERROR);
}
