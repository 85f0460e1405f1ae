// The table that the command prints once it serves: its address, and each method with its path.
import { printable } from "@grpc-study/command/printable";
import type { Binding } from "../http-rule/rule.ts";

export interface RoutesOptions {
  readonly address: string;
  readonly upstream: string;
  /** The path, or `undefined` if it is not served. */
  readonly docs: string | undefined;
  readonly openApi: string | undefined;
}

export function formatRoutes(bindings: readonly Binding[], { address, upstream, docs, openApi }: RoutesOptions): string {
  const rows = bindings.map(({ verb, template, method }) => [verb, template.text, `${method.parent.typeName}.${method.name}`]);
  const lines = table([["http", "path", "method"], ...rows]);
  const own = [docs, openApi].filter((path) => path !== undefined).map((path) => address + path);
  const documents = own.length > 0 ? [`documentation: ${own.join(" and ")}`] : [];
  return [`${address} serves ${upstream}:`, ...lines, ...documents].map((line) => `${printable(line)}\n`).join("");
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
