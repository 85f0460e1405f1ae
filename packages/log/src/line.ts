// A line of the log on its way out: what a caller sent must not move a cursor, or pass for a line of its own.
import { printable } from "@grpc-study/command/printable";

/** Takes a line of JSON, of which pino escapes U+0000 to U+001F only. Whoever parses the result reads the same values. */
export function printableJson(line: string): string {
  return `${printable(line.slice(0, -1))}\n`;
}

/** For the terminal, which shows the values: each of them is made printable. The lines of a stack stay lines. */
export function printableTexts(line: string): string {
  const entry = JSON.parse(line, (key, value: unknown) => {
    if (typeof value !== "string") return value;
    return key === "stack" ? value.split("\n").map(printable).join("\n") : printable(value);
  });
  return `${JSON.stringify(entry)}\n`;
}
