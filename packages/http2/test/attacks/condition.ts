// What a process that is attacked tells of itself.
export interface Condition {
  /** The heap and what is held outside it, MiB, after a collection. */
  readonly heldMib: number;
  readonly connections: number;
  readonly streams: number;
  readonly sockets: number;
  readonly timers: number;
  /** How many connections ended with ENHANCE_YOUR_CALM. */
  readonly calmed: number;
  /** What was thrown and caught by nobody. */
  readonly thrown: readonly string[];
}

const thrown: string[] = [];
process.on("uncaughtException", (error) => thrown.push(`uncaught: ${error.stack}`));
process.on("unhandledRejection", (error) => thrown.push(`unhandled: ${error}`));
// The tests are over, whichever way.
process.on("disconnect", () => process.exit());

export function condition(connections: number, streams: number, calmed: number): Condition {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const active = process.getActiveResourcesInfo();
  const count = (kind: string) => active.filter((one) => one === kind).length;
  return {
    heldMib: (heapUsed + external) / 2 ** 20,
    connections,
    streams,
    sockets: count("TCPSocketWrap"),
    timers: count("Timeout"),
    calmed,
    thrown,
  };
}
