// Every example of every README, as it stands there: TypeScript is a program that runs to its end, and a console's commands print what is below
// them. What comes after `// ` behind a console.log is what that prints.
//
// Two things differ, so that nothing of the machine is in the way. The tutorials' servers listen on ports of the system's choice, and
// `localhost:8083` in an example is the address of the one with that port; ports that an example serves on are replaced by free ones. And
// `npx -y pnpm@12 client` is what it becomes once all is built: the command of that package.
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startShop } from "./gateway/gateways.ts";
import { addressOf } from "./harness/address-of.ts";
import { clientMain, e2eFolder, gatewayMain, serverMain, serveScript } from "./harness/paths.ts";
import { closedPort } from "./harness/ports.ts";
import { Process, run } from "./harness/process.ts";
import { serve } from "./harness/server.ts";

const root = new URL("../../../", import.meta.url);

interface Example {
  readonly heading: string;
  readonly language: string;
  readonly text: string;
}

async function examplesOf(readme: string): Promise<Example[]> {
  const examples: Example[] = [];
  let heading = "";
  let block: string[] | undefined;
  let language = "";
  for (const line of (await readFile(new URL(readme, root), "utf8")).split("\n")) {
    if (line.startsWith("```")) {
      if (block !== undefined) examples.push({ heading, language, text: `${block.join("\n")}\n` });
      block = block === undefined ? [] : undefined;
      language = line.slice(3);
    } else if (block !== undefined) block.push(line);
    else if (line.startsWith("#")) heading = line.replace(/^#+ /, "");
  }
  return examples;
}

/** Examples that are no programs, or are run elsewhere, and why. */
const exceptions: readonly (readonly [readme: string, heading: string, why: string])[] = [
  ["packages/server/README.md", "Adding a topic", "a file of a package that does not exist"],
  ["packages/bench/README.md", "@grpc-study/bench", "takes minutes"],
  ["packages/http2/README.md", "A server", "the package is tested by itself"],
  ["packages/http2/README.md", "A client", "the package is tested by itself"],
];

const packages = (await readdir(new URL("packages/", root))).map((name) => `packages/${name}/README.md`);
const found = await Promise.all(
  ["README.md", ...packages].map(async (readme) => ({ readme, examples: await examplesOf(readme).catch(() => []) })),
);
const readmes = found
  .map(({ readme, examples }) => ({
    readme,
    examples: examples.filter(
      ({ language, heading }) =>
        ["ts", "console"].includes(language) && !exceptions.some(([file, title]) => file === readme && title === heading),
    ),
  }))
  .filter(({ examples }) => examples.length > 0);

/** What ends with this file. */
const started = new AsyncDisposableStack();
/** Addresses by those that the READMEs name. */
const addresses = new Map<string, string>();
let folder: string;

beforeAll(async () => {
  // Within the package, so that the imports are found.
  folder = await mkdtemp(join(e2eFolder, ".readme-"));
  started.defer(() => rm(folder, { recursive: true }));
  const certs = process.env["GRPC_STUDY_CERTS"] ?? "";
  await symlink(certs, join(folder, "certs"));
  const tutorials = { chat: 8972, helloworld: 50051, "hello-stream": 10001, streams: 8000, push: 50052 };
  for (const [topic, port] of Object.entries(tutorials)) addresses.set(`localhost:${port}`, addressOf(topic));
  const [hello, shop] = await Promise.all([serve("hello"), startShop(certs)]);
  started.use(hello);
  started.use(shop);
  const rows = (text: string) => [...text.matchAll(/^(?:hello|shop) +(\S+:\d+)/gm)].map(([, address = ""]) => address);
  for (const [ports, text] of [
    [[9090, 9091, 9092, 9093], hello.stdout.text],
    [[8083, 10086, 9468], shop.stdout.text],
  ] as const) {
    for (const [index, port] of ports.entries()) addresses.set(`localhost:${port}`, rows(text)[index] ?? "");
  }
  for (const port of [8080, 8081, 8443]) addresses.set(`localhost:${port}`, `localhost:${await closedPort()}`);
}, 60_000);

afterAll(() => started.disposeAsync());

/** Puts the addresses of this machine in place of those of the README. */
function here(text: string): string {
  const portOf = (port: string) => addresses.get(`localhost:${port}`)?.split(":").at(-1) ?? port;
  return text
    .replaceAll(/localhost:\d+/g, (address) => addresses.get(address) ?? address)
    .replaceAll(/(\bport: |--port )(\d+)/g, (_all, name: string, port: string) => `${name}${portOf(port)}`);
}

/** The command that is run instead of `npx -y pnpm@12 …`: the same, once all is built. */
function built(command: string): string {
  const node = JSON.stringify(process.execPath);
  const mains: Readonly<Record<string, string>> = {
    client: `${node} ${clientMain}`,
    start: `${node} ${serveScript}`,
    certs: `${node} ${serverMain} certs`,
    gateway: `${node} ${gatewayMain}`,
  };
  return command
    .replaceAll("npx -y pnpm@12 exec node", node)
    .replaceAll(/npx -y pnpm@12 (client|start|certs|gateway)\b/g, (_all, name: string) => mains[name] ?? "")
    .replace(/(main\.js) (chat|helloworld|shop|streams|push)\b(?!.*--addr)/, (all, _main, topic: string) => {
      const port = { chat: 8972, helloworld: 50051, shop: 8083, streams: 8000, push: 50052 }[topic];
      return `${all} --addr ${addresses.get(`localhost:${port}`)}`;
    });
}

/** Starts a command that does not end by itself, and waits until it has printed what it should; columns are as wide as their content. */
async function keepRunning(running: AsyncDisposableStack, command: string, printed: string): Promise<void> {
  const process = running.use(new Process("bash", ["-c", `exec ${command}`], { cwd: folder }));
  const narrow = (line: string) => line.replaceAll(/ +/g, " ");
  try {
    for (const line of printed.split("\n").filter(Boolean)) await process.stdout.line((one) => narrow(one) === narrow(line));
  } catch (cause) {
    throw new Error(`${command} has ended: ${process.stderr.text}`, { cause });
  }
}

async function waitForPort(address: string): Promise<void> {
  await expect
    .poll(
      () =>
        fetch(`http://${address}/healthz`).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 20_000 },
    )
    .toBe(200);
}

// Node runs TypeScript from 22.18, but `using` from 24 only; bash is what the commands are written for.
const skip = Number(process.versions.node.split(".")[0]) < 24 || process.platform === "win32";

describe.skipIf(skip).each(readmes)("$readme", { concurrent: false, timeout: 60_000 }, ({ readme, examples }) => {
  const counts = new Map<string, number>();
  /** What runs on while the README goes on. */
  const running = new AsyncDisposableStack();
  afterAll(() => running.disposeAsync());
  for (const { heading, language, text } of examples) {
    const count = (counts.get(heading) ?? 0) + 1;
    counts.set(heading, count);
    const name = `${heading}, ${language} ${count}`;
    if (language === "ts") {
      test(name, async () => {
        expect(text, "a program imports what it uses").toMatch(/^import /m);
        const serves = /\.listen\(\{/.test(text);
        // The file that the text beside it names.
        const file = serves ? "http.ts" : `${readme.replaceAll(/\W/g, "-")}-${heading.replaceAll(/\W/g, "-")}-${count}.ts`;
        await writeFile(join(folder, file), here(text));
        const printed = [...text.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, line]) => `${line}\n`).join("");
        if (serves) {
          const address = addresses.get("localhost:8080") ?? "";
          await using _server = new Process(process.execPath, [file], { cwd: folder });
          await waitForPort(address);
          for (const [, path = "", body] of text.matchAll(/^\/\/ GET (\S+) {2,}(.+)$/gm)) {
            expect(await (await fetch(`http://${address}${path}`)).text()).toBe(body);
          }
          return;
        }
        expect(await run(process.execPath, [file], { cwd: folder })).toEqual({ status: 0, stdout: printed, stderr: "" });
      });
      continue;
    }
    // A command, and what it prints.
    const commands = text
      .split(/^\$ /m)
      .slice(1)
      .map((one) => [one.slice(0, one.indexOf("\n")), one.slice(one.indexOf("\n") + 1)] as const);
    for (const [command, printed] of commands) {
      test(`$ ${command}`, async () => {
        const line = built(here(command));
        if (command === "npx -y pnpm@12 start") {
          // On the tutorials' ports, of an address of loopback where nobody else listens. Linux has all of 127.0.0.0/8.
          const host = process.platform === "linux" ? "127.9.4.6" : "localhost";
          await using server = new Process(process.execPath, [serveScript, "--host", host], { cwd: folder });
          for (const line of printed.split("\n").filter(Boolean))
            await server.stdout.line((one) => one === line.replace("localhost", host));
          expect(server.stdout.text).toBe(printed.replaceAll("localhost", host));
        } else if (/exec node http\.ts$/.test(command)) {
          await keepRunning(running, line, "");
          await waitForPort(addresses.get("localhost:8080") ?? "");
        } else if (/pnpm@12 (start|gateway)\b/.test(command)) {
          await keepRunning(running, line, here(printed));
        } else {
          expect(await run("bash", ["-c", line], { cwd: folder })).toEqual(
            expect.objectContaining({ status: 0, stdout: /curl/.test(command) ? here(printed).trimEnd() : here(printed) }),
          );
        }
      });
    }
  }
});

test("every exception is still there", () => {
  for (const [readme, heading] of exceptions) {
    const examples = found.find((one) => one.readme === readme)?.examples ?? [];
    expect(
      examples.some((example) => example.heading === heading),
      `${readme}: ${heading}`,
    ).toBe(true);
  }
});
