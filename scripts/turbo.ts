// Runs turbo without telemetry, on all systems: `node scripts/main.js turbo run build`.
import { spawn } from "node:child_process";
import { withoutTelemetry } from "./build.ts";

const windows = process.platform === "win32";
const turbo = spawn("turbo", process.argv.slice(2), { stdio: "inherit", env: withoutTelemetry, shell: windows });
// A terminal sends signals to turbo as well. This process ends when turbo ends.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => turbo.kill(signal));
turbo.on("error", (error) => {
  process.stderr.write(`error: cannot start turbo: ${error.message}\n`);
  process.exitCode = 1;
});
turbo.on("exit", (status) => {
  process.exitCode = status ?? 1;
});
