// Splits what a client sends into batches that PGlite can execute: it answers a batch as a whole,
// and handles errors only up to the end of the batch.
// https://www.postgresql.org/docs/current/protocol-message-formats.html

const query = 0x51;
const sync = 0x53;
const password = 0x70;
const terminate = 0x58;

export interface Framing {
  /** Adds bytes, and returns the batches that they complete. */
  push(bytes: Uint8Array): Uint8Array[];
}

export function createFraming(): Framing {
  let started = false;
  let pending = Buffer.alloc(0);
  return {
    push(bytes) {
      pending = Buffer.concat([pending, bytes]);
      const batches: Uint8Array[] = [];
      let end = 0;
      for (;;) {
        // The first message has no type.
        const typeLength = started ? 1 : 0;
        if (pending.length < end + typeLength + 4) break;
        const length = typeLength + pending.readInt32BE(end + typeLength);
        if (pending.length < end + length) break;
        const type = started ? pending[end] : sync;
        started = true;
        if (type === terminate) {
          // Ends the connection, not the only session of PGlite.
          pending = Buffer.alloc(0);
          return batches;
        }
        end += length;
        if (type === sync || type === query || type === password) {
          batches.push(Uint8Array.from(pending.subarray(0, end)));
          pending = pending.subarray(end);
          end = 0;
        }
      }
      return batches;
    },
  };
}
