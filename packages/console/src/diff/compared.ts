// The parts of two answers that can be compared.

/** The messages of a call that are stored, and how many it has received. */
export interface Stored {
  readonly messages: readonly string[];
  readonly received: number;
}

export interface Compared {
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** The messages that were received, if there are more than are compared. */
  readonly of: number | undefined;
}

/** Where one of them is not whole, its end is unknown, and so is that of the other one. */
export function compared(...answers: readonly [before: Stored, after: Stored]): Compared {
  const cut = answers.filter(({ messages, received }) => messages.length < received);
  const length = Math.min(...cut.map(({ messages }) => messages.length));
  const [before, after] = answers;
  return {
    before: before.messages.slice(0, length),
    after: after.messages.slice(0, length),
    of: cut.length === 0 ? undefined : Math.max(before.received, after.received),
  };
}
