// What is left of an attempt that is over.
import { ErrorCode, type Stream } from "@grpc-study/http2";
import type { Status } from "../../../protocol/status.ts";
import type { AttemptListener, Progress } from "../../connection.ts";

/** The status that has come, until everything before it is delivered. Not a literal: it has the call's metadata. */
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

/** Who listens to an attempt that is over. */
export const nobody: AttemptListener = {
  onHeader() {},
  onMessage() {},
  onDrain() {},
  onEnd() {},
};

/** The response is complete: the server does not need the rest of the request (RFC 9113, section 8.1). */
export function endRequest(stream: Stream): void {
  stream.reset(ErrorCode.NO_ERROR);
}
