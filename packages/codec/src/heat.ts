// Decides when the code of a message type is generated. Until then, general code handles the type.
import type { DescMessage } from "@bufbuild/protobuf";

/**
 * The work that general code does for a type, in each direction, before code is generated.
 * Generating and optimizing the code costs V8 about as much time as general code needs for this
 * many messages. Tests override these values.
 */
export const thresholds = {
  /** Messages of a type without fields. */
  messages: 16,
  /**
   * Additional messages for each field: the time to generate code grows with the number of fields.
   */
  messagesPerField: 1,
  /** Bytes that count as one message. */
  bytesPerMessage: 128,
  /** List and map items that count as one message. */
  itemsPerMessage: 16,
};

/** Counts the work for a type. */
export class Heat {
  #left: number;

  constructor(desc: DescMessage) {
    this.#left = thresholds.messages + thresholds.messagesPerField * desc.fields.length;
  }

  /** Counts one message of `bytes` bytes. Returns `true` once generated code pays off. */
  add(bytes: number): boolean {
    this.#left -= 1 + bytes / thresholds.bytesPerMessage;
    return this.#left < 0;
  }

  /** Counts items of a list or map in a message. */
  addItems(items: number): void {
    this.#left -= items / thresholds.itemsPerMessage;
  }

  /** Keeps a type that cannot be compiled on general code. */
  freeze(): void {
    this.#left = Number.POSITIVE_INFINITY;
  }
}
