// How long a short piece of work takes.

/** Keeps the last result alive, so that the compiler cannot leave the work out. */
const sink: unknown[] = [undefined];

/** Nanoseconds of one call of `work`, repeated for some milliseconds. */
export function nanosecondsOf(work: () => unknown, milliseconds: number): number {
  let count = 0;
  // The clock is read once a batch, and a batch is short beside the whole.
  let batch = 1;
  const start = performance.now();
  let now = start;
  while (now - start < milliseconds) {
    for (let i = 0; i < batch; i++) sink[0] = work();
    count += batch;
    now = performance.now();
    if (batch < 1024 && (now - start) * 20 < milliseconds) batch *= 2;
  }
  return ((now - start) * 1e6) / count;
}
