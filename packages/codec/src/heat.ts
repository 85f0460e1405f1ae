// When the code of a message type is generated. Until then, code that serves all types does the work.
import type { DescMessage } from "@bufbuild/protobuf";

/**
 * What a type is given before its code is generated, for each direction by itself. Generating the code, and optimizing it, takes V8 about as
 * long as the general code takes for so many messages. Tests set other values.
 */
export const patience = {
  /** Messages of a type without fields. */
  messages: 16,
  /** Messages for each field of the type: the time to generate code grows with its length. */
  messagesPerField: 1,
  /** Bytes that count as one message. */
  bytesPerMessage: 128,
  /** Items of lists and maps that count as one message. */
  itemsPerMessage: 16,
};

/** How much work a type has had. */
export class Heat {
  #left: number;

  constructor(desc: DescMessage) {
    this.#left = patience.messages + patience.messagesPerField * desc.fields.length;
  }

  /** Counts one message of so many bytes. Returns `true` once generated code pays. */
  add(bytes: number): boolean {
    this.#left -= 1 + bytes / patience.bytesPerMessage;
    return this.#left < 0;
  }

  /** Counts items of a list or a map, which a message has. */
  addItems(items: number): void {
    this.#left -= items / patience.itemsPerMessage;
  }

  /** The type cannot be compiled: it stays with the general code. */
  freeze(): void {
    this.#left = Number.POSITIVE_INFINITY;
  }
}
