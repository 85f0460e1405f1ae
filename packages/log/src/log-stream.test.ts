// Write errors of the log. The e2e tests cover the process with a full disk.
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LogStream } from "./log-stream.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "log-stream-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test("lines are written whole and in order", async () => {
  const file = join(folder(), "log");
  const fd = openSync(file, "a");
  const log = new LogStream(fd);
  const lines = Array.from({ length: 1_000 }, (_, index) => `${index} ${"é".repeat(index)}\n`);
  for (const line of lines) log.write(line);
  await expect.poll(() => readFileSync(file, "utf8").length).toBe(lines.join("").length);
  expect(readFileSync(file, "utf8")).toBe(lines.join(""));
  closeSync(fd);
});

test("a full pipe is retried, at most 4 MiB are buffered, and a notice says how many lines were lost", async () => {
  const pipe = join(folder(), "pipe");
  execFileSync("mkfifo", [pipe]);
  // Opening both ends avoids blocking. O_NONBLOCK, because some process managers set it on pipes.
  const { O_NONBLOCK, O_RDWR } = (await import("node:fs")).constants;
  const fd = openSync(pipe, O_RDWR | O_NONBLOCK);
  const log = new LogStream(fd);
  const line = `${"x".repeat(1_023)}\n`;
  for (let lines = 0; lines < 8_192; lines++) log.write(line);

  let text = "";
  const buffer = Buffer.alloc(65_536);
  await expect
    .poll(
      () => {
        try {
          for (;;) text += buffer.toString("utf8", 0, readSync(fd, buffer));
        } catch (error) {
          expect((error as NodeJS.ErrnoException).code).toBe("EAGAIN");
        }
        return text;
      },
      { interval: 5, timeout: 20_000 },
    )
    .toContain("could not be written");
  const notice = JSON.parse(text.split("\n").find((line) => line.startsWith("{")) ?? "");
  const whole = text.split("\n").filter((one) => `${one}\n` === line).length;
  expect(notice.lost).toBeGreaterThan(4_000);
  expect(whole).toBeLessThanOrEqual(8_192 - notice.lost);
  closeSync(fd);
});
