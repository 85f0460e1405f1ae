// Copies the tables of limits from SECURITY.md, without the column that names the tests.
import { readFile } from "node:fs/promises";

const security = new URL("../../SECURITY.md", import.meta.url);

/** Returns each table of the section below a heading of its own. */
export async function limitTables(): Promise<string> {
  const section = /^## Limits$(.*?)^## /ms.exec(await readFile(security, "utf8"))?.[1] ?? "";
  const tables = [...section.matchAll(/(?:^\|.*\n)+/gm)].map(([table]) => table.trimEnd().split("\n"));
  if (tables.length < 3) throw new Error("SECURITY.md has no tables of limits for servers, clients and the gateway");
  return tables
    .map(([head = "", rule = "", ...rows]) => {
      const title = /^\| (?:the |a )?(\w+)/.exec(head)?.[1] ?? "";
      return [`## ${title[0]?.toUpperCase()}${title.slice(1)} {#${title}}`, "", ...[head, rule, ...rows].map(withoutTests)].join("\n");
    })
    .join("\n\n")
    .concat("\n");
}

const withoutTests = (row: string) =>
  `${row
    .split(/(?<!\\)\|/)
    .slice(0, -2)
    .join("|")}|`;
