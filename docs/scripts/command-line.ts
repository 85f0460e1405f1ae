// Generates Markdown for the commands and their options, from the commander objects that parse the
// command line.
import type { Argument, Command, Option } from "commander";

const repository = new URL("../../", import.meta.url).pathname;

/** The packages that have a command, and the pnpm script that runs it. */
const commands = { start: "start", client: "client", gateway: "gateway" } as const;

export async function commandLine(): Promise<string> {
  const parts: string[] = [];
  for (const [name, typed] of Object.entries(commands)) {
    // The program prints this name in its usage text.
    process.env["GRPC_STUDY_COMMAND"] = `npx -y pnpm@12 ${typed}`;
    const { program } = (await import(`@grpc-study/${name}/program`)) as { readonly program: Command };
    parts.push(...chapter(program, name === "start" ? ["serve"] : []));
  }
  return `${parts.join("\n\n")}\n`;
}

/** Renders a command and its subcommands. A default subcommand takes the name of its parent. */
function chapter(command: Command, defaults: readonly string[], above = ""): string[] {
  const isDefault = defaults.includes(command.name());
  const name = isDefault ? above : `${above} ${command.name()}`.trim().replace(/start (certs|migrate)/, "$1");
  const own = command.options.filter(({ hidden }) => !hidden);
  const subcommands = command.commands.filter((one) => one.name() !== "help").flatMap((one) => chapter(one, defaults, name));
  const hasDefault = command.commands.some((one) => defaults.includes(one.name()));
  if (hasDefault) return subcommands;
  const words = [name, ...command.registeredArguments.map(usageOf), ...(own.length > 0 ? ["[options]"] : [])].join(" ");
  return [
    `${above === "" || isDefault || /(certs|migrate)$/.test(name) ? "##" : "###"} ${name.replace("npx -y pnpm@12 ", "")}`,
    text(command.description()),
    `\`\`\`text\n${words}\n\`\`\``,
    ...(own.length > 0 ? [table(own)] : []),
    ...subcommands,
  ].filter((part) => part !== "");
}

const usageOf = (argument: Argument) =>
  argument.required ? `<${argument.name()}>` : `[${argument.name()}${argument.variadic ? "..." : ""}]`;

function table(options: readonly Option[]): string {
  const rows = options.map((option) => {
    const choices = option.argChoices === undefined ? "" : ` One of ${option.argChoices.map((one) => `\`${one}\``).join(", ")}.`;
    return `| \`${option.flags}\` | ${defaultOf(option)} | ${text(option.description)}${choices === "" ? "" : `.${choices}`} |`;
  });
  return ["| option | default | |", "|---|---|---|", ...rows].join("\n");
}

function defaultOf({ defaultValue, defaultValueDescription }: Option): string {
  const value: unknown = defaultValueDescription ?? defaultValue;
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return "";
  return `\`${String(value).replace(repository, "")}\``;
}

/** Escapes the characters that Markdown or Vue would interpret. */
const text = (plain: string) =>
  plain
    .replaceAll(repository, "")
    .replaceAll(/[\\|*_[\]]/g, "\\$&")
    .replaceAll("<", "&lt;")
    .replaceAll("{{", "{<!-- -->{");
