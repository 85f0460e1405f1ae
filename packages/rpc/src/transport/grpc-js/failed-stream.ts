// A call that fails before anything is sent.
import type { Status } from "../../protocol/status.ts";
import type { ClientListener, ClientStream } from "../client.ts";

export class FailedStream implements ClientStream {
  readonly peer = undefined;
  #over = false;

  constructor(status: Status, listener: ClientListener) {
    queueMicrotask(() => {
      if (!this.#over) listener.onStatus(status);
    });
  }

  send(): boolean {
    return true;
  }

  halfClose(): void {}

  pull(): void {}

  cancel(): void {
    this.#over = true;
  }
}
