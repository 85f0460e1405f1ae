// The condition that a process under attack reports.
export interface Condition {
  /** Heap and external memory in MiB, after a garbage collection. */
  readonly heldMib: number;
  readonly connections: number;
  readonly streams: number;
  readonly sockets: number;
  readonly timers: number;
  /** The number of connections that ended with ENHANCE_YOUR_CALM. */
  readonly calmed: number;
  /** Uncaught errors. */
  readonly thrown: readonly string[];
}

const thrown: string[] = [];
process.on("uncaughtException", (error) => thrown.push(`uncaught: ${error.stack}`));
process.on("unhandledRejection", (error) => thrown.push(`unhandled: ${error}`));
// The tests have ended.
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
