// Writes what a server streaming or bidirectional handler yields, no faster than the peer reads.
import type { Call } from "./call.ts";

export async function writeResponses(
  responses: AsyncIterable<unknown> | Iterable<unknown>,
  stream: { write(bytes: Buffer): boolean; on(event: "drain", listener: () => void): unknown },
  call: Call,
): Promise<void> {
  const iterator = Symbol.asyncIterator in responses ? responses[Symbol.asyncIterator]() : responses[Symbol.iterator]();
  const stop = async () => {
    await iterator.return?.();
  };

  let drained: (() => void) | undefined;
  stream.on("drain", () => drained?.());
  // Not left to the loop below: it may be waiting for a handler that waits for something else. This way the handler's `finally`
  // runs as soon as the handler lets it.
  call.onAbort(() => {
    if (!call.cut) return;
    drained?.();
    stop().catch((error: unknown) => call.fail(error));
  });

  for (;;) {
    const result = await iterator.next();
    if (result.done || call.cut) return;
    let bytes: Buffer;
    try {
      const sent = call.send(result.value);
      bytes = Buffer.isBuffer(sent) ? sent : await sent;
    } catch (error) {
      stop().catch(() => {}); // the error that stops it is the one that counts
      throw error;
    }
    if (call.cut) return;
    if (!stream.write(bytes)) {
      await new Promise<void>((resolve) => {
        drained = resolve;
      });
      if (call.cut) return;
    }
  }
}
