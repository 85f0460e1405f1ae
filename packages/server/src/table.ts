// The table of endpoints.
import { styleText } from "node:util";
import type { Endpoint } from "./endpoint.ts";

const heading = ["topic", "address", "services", "security"];

/**
 * Prints a row for each endpoint, and a line for each further service: the table fits into 80
 * columns.
 */
export function formatTable(endpoints: readonly Endpoint[], { colour }: { readonly colour: boolean }): string {
  const body = endpoints.flatMap(({ topic, address, services, security }) =>
    services.map((service, line) => (line === 0 ? [topic, address, service, security] : ["", "", service, ""])),
  );
  const rows = [heading, ...body];
  const widths = heading.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const [first = "", ...rest] = lines;
  return `${[colour ? styleText("bold", first, { validateStream: false }) : first, ...rest].join("\n")}\n`;
}
