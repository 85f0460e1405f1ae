// h2load (Debian: nghttp2-client), written in C. It uses little CPU time, so that the server is the
// bottleneck.
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { killOnExit } from "../process/children.ts";
import { pinned } from "../process/pin.ts";

export const hasH2load: boolean = (() => {
  try {
    execFileSync("h2load", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

export interface Load {
  readonly url: string;
  /** The file to send in a POST request. `undefined`: GET. */
  readonly body?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly milliseconds: number;
  readonly connections: number;
  /** Requests in flight on each connection. */
  readonly streams: number;
  readonly http1?: boolean;
}

/** Requests per second. Rejects if a response has a status other than 2xx. */
export async function h2load({ url, body, headers = {}, milliseconds, connections, streams, http1 }: Load): Promise<number> {
  const args = [
    `--clients=${connections}`,
    `--max-concurrent-streams=${streams}`,
    ...(http1 ? ["--h1"] : []),
    ...(body === undefined ? [] : [`--data=${body}`]),
    ...Object.entries(headers).map(([name, value]) => `--header=${name}: ${value}`),
    url,
  ];
  // On a busy machine, h2load 1.52 sometimes does not end in time, or counts nothing. Retries for
  // longer then.
  for (let duration = milliseconds; ; duration *= 2) {
    const times = [`--duration=${duration}ms`, `--warm-up-time=${Math.ceil(duration / 5)}ms`];
    const isLast = duration >= milliseconds * 8;
    try {
      const running = promisify(execFile)(...pinned("load", "h2load", [...times, ...args]), { timeout: duration * 2 + 3000 });
      killOnExit(running.child);
      const { stdout } = await running;
      const rate = readReport(stdout);
      if (rate > 0) return rate;
      if (isLast) throw new Error(`${url}: no request completed within ${duration} ms`);
    } catch (error) {
      if (!isTimeout(error) || isLast) throw error;
    }
  }
}

/** `execFile` kills the process at the timeout. */
const isTimeout = (error: unknown) => error instanceof Error && "killed" in error && error.killed === true;

/**
 * The rate in a report: requests per second, or 0 if none completed in time.
 *
 * @throws Error if the report contains failures.
 */
export function readReport(report: string): number {
  const [, rate] = /finished in .*?, ([\d.]+) req\/s/.exec(report) ?? [];
  const others = /status codes: \d+ 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/.exec(report)?.slice(1) ?? ["?"];
  const failures = / (\d+) failed, (\d+) errored, (\d+) timeout/.exec(report)?.slice(1) ?? ["?"];
  if (rate === undefined || failures.some((count) => count !== "0") || others.some((count) => count !== "0"))
    throw new Error(`h2load failed:\n${report}`);
  return Number(rate);
}
