// Measures the duration of a short piece of work.

/** Keeps the last result alive, so that the compiler cannot remove the work. */
const sink: unknown[] = [undefined];

/** Nanoseconds per call of `work`, which repeats for some milliseconds. */
export function nanosecondsOf(work: () => unknown, milliseconds: number): number {
  let count = 0;
  // Reads the clock once per batch. A batch is short compared to the whole time.
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
