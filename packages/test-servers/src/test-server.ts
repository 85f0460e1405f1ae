// A server process that tests stop, crash and start again with the same port and data.
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface TestServer {
  readonly url: string;
  /** The process of the running server, for signals such as SIGSTOP; 0 while it does not run. */
  readonly pid: number;
  /** Starts the stopped server again, with its port and data. Resolves once it accepts calls. */
  start(): Promise<void>;
  /** Shuts the server down in order, and keeps the data. */
  stop(): Promise<void>;
  /** Ends the server at once, without a clean shutdown, and keeps the data. */
  crash(): Promise<void>;
  /** Stops the server, and deletes its data. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Program {
  readonly url: string;
  readonly port: number;
  readonly command: string;
  readonly args: readonly string[];
  readonly options?: SpawnOptions;
  readonly signals: { readonly stop: NodeJS.Signals; readonly crash: NodeJS.Signals };
  /** Resolves if the server is ready. */
  readonly ready: () => Promise<boolean>;
  readonly deleteData: () => Promise<void>;
}

/** How long a server may take to start, in milliseconds. */
const startTimeoutMs = 30_000;

export async function startServer(program: Program): Promise<TestServer> {
  let child: ChildProcess | undefined;
  let output = "";
  const killAtExit = () => child?.kill(program.signals.crash);
  process.on("exit", killAtExit);

  const start = async () => {
    if (child !== undefined) return;
    output = "";
    const started = spawn(program.command, program.args, { ...program.options, stdio: ["ignore", "pipe", "pipe"] });
    child = started;
    started.on("error", (error) => (output += `${error}\n`));
    for (const pipe of [started.stdout, started.stderr]) {
      pipe?.setEncoding("utf8").on("data", (text: string) => (output = (output + text).slice(-10_000)));
    }
    const end = Date.now() + startTimeoutMs;
    while (!(await program.ready())) {
      if (started.exitCode !== null || started.pid === undefined || Date.now() > end) {
        await kill(program.signals.crash);
        throw new Error(`${program.command} does not start: ${output}`);
      }
      await sleep(50);
    }
  };

  const kill = async (signal: NodeJS.Signals) => {
    const running = child;
    child = undefined;
    if (running === undefined || running.pid === undefined || running.exitCode !== null || running.signalCode !== null) return;
    running.kill(signal);
    await once(running, "exit");
  };

  await start();
  return {
    url: program.url,
    get pid() {
      return child?.pid ?? 0;
    },
    start,
    stop: () => kill(program.signals.stop),
    crash: () => kill(program.signals.crash),
    async [Symbol.asyncDispose]() {
      process.off("exit", killAtExit);
      // A test may have stopped it by SIGSTOP.
      child?.kill("SIGCONT");
      await kill(program.signals.stop);
      await program.deleteData();
    },
  };
}

/** Whether a server accepts connections on the port. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
