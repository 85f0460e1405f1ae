// Builds packages and their dependencies, unless they are up to date. Prints only to stderr, since
// stdout belongs to the command.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fingerprint } from "./fingerprint.ts";

export const withoutTelemetry: NodeJS.ProcessEnv = { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };

const stamps = fileURLToPath(new URL("../node_modules/.cache/grpc-study/", import.meta.url));

/**
 * Returns the exit status of the build. Takes milliseconds if nothing has changed since the last
 * build.
 */
export function build(...names: readonly string[]): number {
  const stamp = `${stamps}${names.join("+")}.build`;
  // Taken before the build, which may miss changes that are made while it runs.
  const { inputs, outputs } = fingerprint(names);
  if (read(stamp) === `${inputs}\n${outputs}\n`) return 0;

  process.stderr.write(`building ${names.join(", ")} …\n`);
  const filters = names.map((name) => `--filter=@grpc-study/${name}`).join(" ");
  const command = `turbo run build ${filters} --output-logs=errors-only --log-order=grouped`;
  const { status, stdout, stderr } = spawnSync(command, {
    shell: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: withoutTelemetry,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) {
    process.stderr.write(`${causeOf(`${stdout}\n${stderr}`)}\nerror: the build failed; the cause is above\n`);
    return status ?? 1;
  }
  mkdirSync(stamps, { recursive: true });
  writeFileSync(stamp, `${inputs}\n${fingerprint(names).outputs}\n`);
  return 0;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** Returns the output of the failed task, without turbo's own lines. */
function causeOf(output: string): string {
  const noise = /^\s*(•|Tasks:|Cached:|Time:|Failed:|ERROR {2}run failed|$)|ELIFECYCLE|cache (miss|hit|bypass)/;
  return output
    .split("\n")
    .filter((line) => !noise.test(line))
    .join("\n");
}
