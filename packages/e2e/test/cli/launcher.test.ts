// SIGTERM to the processes between a typed command and the server.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "../harness/paths.ts";
import { Process } from "../harness/process.ts";

/**
 * A program that a package script starts. It prints its process id, and on exit the number of
 * signals that it received.
 */
const program = `
  import { endWithLauncher } from ${JSON.stringify(join(repository, "scripts/launcher.ts"))};
  let signals = 0;
  process.on("SIGTERM", () => {
    signals++;
    // Stay alive past the next check of the launcher.
    setTimeout(() => process.exit(console.log("signals", signals)), 1_500);
  });
  endWithLauncher();
  console.log("ready", process.pid);
  setInterval(() => {}, 1_000);
`;

/** A shell that waits for the program, like the shell of a package manager. */
function launch(text: string): Process {
  return new Process("sh", ["-c", '"$0" --input-type=module -e "$1"; echo "status $?"', process.execPath, text]);
}

test.skipIf(process.platform !== "linux").each(["the shell alone", "the shell and the program"])(
  "a SIGTERM to %s reaches the program exactly once",
  async (receivers) => {
    await using shell = launch(program);
    await shell.stdout.line((line) => line.startsWith("ready"));
    if (receivers === "the shell alone") process.kill(shell.pid ?? 0, "SIGTERM");
    else shell.kill("SIGTERM");
    expect(await shell.stdout.line((line) => line.startsWith("signals"))).toBe("signals 1");
  },
);

test.skipIf(process.platform !== "linux")("a program without a handler is ended by the signal", async () => {
  const bare = `import { endWithLauncher } from ${JSON.stringify(join(repository, "scripts/launcher.ts"))};
    endWithLauncher();
    console.log("ready");
    setInterval(() => {}, 1_000);`;
  await using shell = launch(bare);
  await shell.stdout.line((line) => line === "ready");
  const children = await readFile(`/proc/${shell.pid}/task/${shell.pid}/children`, "utf8");
  process.kill(Number(children), "SIGTERM");
  expect(await shell.stdout.line((line) => line.startsWith("status"))).toBe("status 143");
});
