// grpc-go, in a child process on the same core.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Clock } from "../../process/clock.ts";
import type { Serve } from "../../process/hosted.ts";
import type { TlsFiles } from "../peer.ts";

export interface GrpcGo {
  readonly port: number;
  /** `grpc-go 1.33.3, go1.19.8`. */
  readonly versions: string;
}

/** Microseconds per tick in /proc/PID/stat: a tick is 10 ms on every Linux that Node supports. */
const tick = 10_000;

export const serve: Serve<{ program: string; tls: TlsFiles | null }, GrpcGo> = async ({ program, tls }) => {
  const env = { ...process.env, GOMAXPROCS: "1" };
  // The server exits when its stdin is closed, that is, with this process.
  const child = spawn(program, tls ? [tls.cert, tls.key] : [], { env, stdio: ["pipe", "pipe", "inherit"] });
  child.on("exit", (status, signal) => {
    throw new Error(`grpc-go exited with ${signal ?? `status ${status}`}`);
  });
  const [line] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
  const [port, grpc, go] = line.trim().split(" ");
  const clock = (): Clock => {
    const fields = readFileSync(`/proc/${child.pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
    // Fields 14 and 15 of proc(5); index 0 is field 3.
    return { cpu: (Number(fields[11]) + Number(fields[12])) * tick, now: performance.now() * 1000 };
  };
  return { ready: { port: Number(port), versions: `grpc-go ${grpc}, ${go}` }, commands: { clock } };
};
