// Which calls of a channel are sent again, and how: the room's door.
import type { ClientListener, ClientStream, OutgoingCall } from "../../transport/client.ts";
import type { AttemptSource, RetryState } from "./attempts.ts";
import { RetryBudget } from "./request-buffer.ts";
import { RetryingCall } from "./retrying-call.ts";

/** The retries of one channel. Connections may be shared between channels; this is not. */
export class Retries {
  readonly #state: RetryState;

  constructor() {
    this.#state = { budget: new RetryBudget(2 ** 20, 2 ** 24), throttle: undefined };
  }

  /** Opens a call: what `Channel.open` does. Its attempts come from the source. */
  open(call: OutgoingCall, listener: ClientListener, source: AttemptSource): ClientStream {
    return new RetryingCall(call, listener, source, this.#state, undefined);
  }
}
