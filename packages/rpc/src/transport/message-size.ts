// The size of a message, as calls report it to an observer: `onMessageSize()`.

/** The size of a message that a call has sent or received. */
export interface MessageSize {
  readonly direction: "sent" | "received";
  /** The size of the message in bytes, before compression. */
  readonly bytes: number;
  /**
   * The size on the wire in bytes: after compression, without the five bytes of the prefix. Equal to
   * `bytes` if the message was not compressed, which is always so in process. Undefined if the
   * transport cannot know it: grpc-js reports only the responses of its server.
   */
  readonly wireBytes: number | undefined;
}

/** Called for each message, once it is sent or received. */
export type MessageObserver = (message: MessageSize) => void;

/** Tells observers, if there are any. */
export function tellSent(observer: MessageObserver | undefined, bytes: number, wireBytes: number | undefined): void {
  observer?.({ direction: "sent", bytes, wireBytes });
}

export function tellReceived(observer: MessageObserver | undefined, bytes: number, wireBytes: number | undefined): void {
  observer?.({ direction: "received", bytes, wireBytes });
}

/** Returns an observer that tells two. */
export function bothObservers(first: MessageObserver | undefined, second: MessageObserver): MessageObserver {
  if (first === undefined) return second;
  return (message) => {
    first(message);
    second(message);
  };
}

/** Returns an observer that does not throw. Calls `onError` with what the given one throws. Default: ignored. */
export function safely(observer: MessageObserver, onError?: (thrown: unknown) => void): MessageObserver {
  return (message) => {
    try {
      observer(message);
    } catch (thrown) {
      onError?.(thrown);
    }
  };
}
