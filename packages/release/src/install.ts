// Creates empty projects outside the workspace, and installs packages into them.
import { execFile } from "node:child_process";
import { mkdtemp, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/**
 * Runs a program to its end.
 *
 * @returns its stdout.
 * @throws Error with its output if it fails.
 */
export async function run(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  // On Windows, npm and pnpm are shell scripts.
  const shell = process.platform === "win32";
  try {
    // NODE_OPTIONS may select the sources of the workspace, which these programs must not see.
    const { stdout } = await execute(program, args, { cwd, shell, maxBuffer: 2 ** 26, env: { ...process.env, NODE_OPTIONS: "", ...env } });
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "", message } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(" ")} in ${cwd}: ${message}\n${stdout}\n${stderr}`, { cause: error });
  }
}

/** Creates an empty project in the temporary folder. The caller removes it. */
export async function project(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "grpc-study-release-")));
  await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  return folder;
}

/**
 * Installs packages with npm, as most users do. Install scripts do not run; the tests check that no
 * package has one.
 *
 * @param specifiers for npm: `name@range`, or the path of a tarball.
 */
export async function install(folder: string, specifiers: readonly string[]): Promise<void> {
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  await run("npm", ["install", ...options, ...specifiers], folder);
}
