// Escapes log lines: text from a peer must not move the cursor or look like a line of its own.
import { printable } from "@grpc-study/command/printable";

/**
 * Escapes a line of JSON, in which pino has escaped U+0000 to U+001F only. Parsing the result gives
 * the same values.
 */
export function printableJson(line: string): string {
  return `${printable(line.slice(0, -1))}\n`;
}

/**
 * Escapes each value of a line of JSON, for pretty-printing. The lines of a stack stay separate.
 */
export function printableTexts(line: string): string {
  const entry = JSON.parse(line, (key, value: unknown) => {
    if (typeof value !== "string") return value;
    return key === "stack" ? value.split("\n").map(printable).join("\n") : printable(value);
  });
  return `${JSON.stringify(entry)}\n`;
}
