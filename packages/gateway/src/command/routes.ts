// The table that the command prints once it serves: its address, each method with its path, and
// what else it serves.
import type { DescService } from "@bufbuild/protobuf";
import { printable } from "@grpc-study/command/printable";
import type { Protocol } from "../config/schema-parts.ts";
import type { Binding } from "../http-rule/rule.ts";

export interface RoutesOptions {
  readonly address: string;
  readonly upstream: string;
  readonly protocols: readonly Protocol[];
  readonly services: readonly DescService[];
  /** The servers whose services are unknown. */
  readonly missing: readonly string[];
  /** The path, or `undefined` if it is not served. */
  readonly docs: string | undefined;
  readonly openApi: string | undefined;
  readonly console: string | undefined;
}

export function formatRoutes(bindings: readonly Binding[], options: RoutesOptions): string {
  const { address, upstream, docs, openApi, console } = options;
  const rows = bindings.map(({ verb, template, method }) => [verb, template.text, `${method.parent.typeName}.${method.name}`]);
  const lines = rows.length === 0 ? [] : table([["http", "path", "method"], ...rows]);
  const base = address.startsWith("unix:") ? "" : address;
  const own = [docs, openApi].filter((path) => path !== undefined).map((path) => base + path);
  const documents = own.length > 0 ? [`documentation: ${own.join(" and ")}`] : [];
  const page = console === undefined ? [] : [`console: ${base}${console}`];
  return [`${address} serves ${upstream}:`, ...lines, ...others(bindings, options), ...documents, ...page]
    .map((line) => `${printable(line)}\n`)
    .join("");
}

const names: Readonly<Record<Protocol, string>> = { rest: "REST", connect: "Connect", "grpc-web": "gRPC-Web", grpc: "gRPC" };

/** The services without a row, and the protocols that do not need one. */
function others(bindings: readonly Binding[], { protocols, services, missing }: RoutesOptions): string[] {
  const rpc = protocols.filter((protocol) => protocol !== "rest").map((protocol) => names[protocol]);
  const bound = new Set(bindings.map(({ method }) => method.parent.typeName));
  const unbound = services.filter(({ typeName }) => !bound.has(typeName)).map(({ typeName }) => typeName);
  return [
    ...(unbound.length > 0 && protocols.includes("rest") ? [`without a rule: ${unbound.join(", ")}`] : []),
    ...(rpc.length > 0 ? [`${sentence(rpc)}: /<package.Service>/<Method> of all services`] : []),
    ...(missing.length > 0 ? [`not reached yet: ${sentence(missing)}`] : []),
  ];
}

/** `a, b and c` */
function sentence(words: readonly string[]): string {
  return words.length <= 1 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
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
