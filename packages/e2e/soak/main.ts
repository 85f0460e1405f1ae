// The soak test: `pnpm --filter @grpc-study/e2e soak --minutes 15`. A client process makes calls of
// all kinds to a server process, and requests to a gateway process. The resources of the three
// processes are sampled and must not grow. At the end the program prints a chart for each figure.
// It exits with status 0 if all figures are flat, 1 if one is not, and 130 after Ctrl-C.
import { readdir, readFile, readlink } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import { gatewayMain, serverMain } from "../test/harness/paths.ts";
import { killAll, Process } from "../test/harness/process.ts";
import { heldMib, probed, resourcesOf } from "../test/harness/resources.ts";
import { chart, judge, type Sample } from "./series.ts";

/**
 * The figures of each process. The trend may add this fraction of the median, and at least the
 * minimum.
 */
const figures = {
  "held, MiB": { fraction: 0.05, minimum: 2 },
  "resident, MiB": { fraction: 0.1, minimum: 16 },
  descriptors: { fraction: 0.1, minimum: 4 },
  sockets: { fraction: 0.1, minimum: 4 },
  timers: { fraction: 0.1, minimum: 10 },
  handles: { fraction: 0.1, minimum: 10 },
} as const;
type Figure = keyof typeof figures;

const everyMs = 3_000;
/** The first part of the run, while caches and compiled code still grow. */
const warmUpFraction = 0.3;

const { minutes, json = false } = new Command("soak")
  .description("Makes calls of all kinds and checks that memory, handles, sockets and timers stay flat.")
  .option("--minutes <n>", "duration in minutes", positive, 15)
  .option("--json", "print only the samples and verdicts to stdout, as JSON")
  .parse()
  .opts<{ minutes: number; json?: true }>();

function positive(value: string): number {
  const minutes = Number(value);
  if (!(minutes > 0)) throw new InvalidArgumentError("It must be a number greater than 0.");
  return minutes;
}

const say = (line: string) => void process.stderr.write(`${line}\n`);
const interrupt = new AbortController();
process.once("SIGINT", () => interrupt.abort());

const node = (...args: readonly string[]) => new Process(process.execPath, [...probed.node, ...args], { ipc: true });
const load = fileURLToPath(new URL("load.ts", import.meta.url));

const quiet = ["--log-level", "error"];
const server = node(serverMain, "serve", "shop", "--port", "0", "--security", "plain", "--data", "memory", ...quiet);
const address = (await server.stdout.line((line) => line.startsWith("shop "))).split(/\s+/)[1] ?? "";
const gateway = node(gatewayMain, "--upstream", address, "--listen", "127.0.0.1:0", "--unbound", ...quiet);
const url = /^http:\S+/.exec(await gateway.stdout.line((line) => line.startsWith("http:")))?.[0] ?? "";
const client = node(load, address, url);
const processes = { server, gateway, client };

const samples = new Map<string, Sample[]>();
const start = performance.now();
const endS = minutes * 60;
const secondsNow = () => (performance.now() - start) / 1_000;
let counts: Readonly<Record<string, number>> = {};
say(`server ${address}, gateway ${url}; ${minutes} minutes`);

while (secondsNow() < endS && !interrupt.signal.aborted) {
  await setTimeout(everyMs, undefined, { signal: interrupt.signal }).catch(() => {});
  if (interrupt.signal.aborted) break;
  // Resources of running calls would make the samples random.
  counts = await client.ask("pause");
  for (const [name, process_] of Object.entries(processes)) {
    const values = await measure(process_);
    for (const figure of Object.keys(figures) as Figure[]) {
      const series = samples.get(`${name}: ${figure}`) ?? [];
      series.push({ atS: secondsNow(), value: values[figure] });
      samples.set(`${name}: ${figure}`, series);
    }
  }
  client.tell("resume");
  const held = Object.keys(processes).map((name) => `${name} ${samples.get(`${name}: held, MiB`)?.at(-1)?.value.toFixed(1)}`);
  say(`${Math.round(secondsNow())} s: ${total(counts)} calls; MiB held: ${held.join(", ")}`);
}

const fromS = secondsNow() * warmUpFraction;
const verdicts = [...samples].map(([name, series]) => {
  const { fraction, minimum } = figures[name.slice(name.indexOf(": ") + 2) as Figure];
  return { name, ...judge(series, fromS, fraction, minimum), series };
});
const failures = verdicts.filter(({ flat }) => !flat);
if (json) {
  process.stdout.write(`${JSON.stringify({ minutes: secondsNow() / 60, warmUpS: fromS, counts, verdicts })}\n`);
} else {
  for (const { name, series, median, growth, tolerance, flat } of verdicts) {
    const judged = `median ${median.toFixed(1)}, trend ${growth.toFixed(2)}, tolerated ${tolerance.toFixed(2)}`;
    console.log(`\n${name}: ${flat ? "flat" : "NOT FLAT"} (${judged})\n${chart(series, fromS)}`);
  }
  console.log(`\n${total(counts)} calls:`);
  for (const [name, count] of Object.entries(counts).sort()) console.log(`${String(count).padStart(9)}  ${name}`);
  const seconds = `${Math.round(secondsNow())} s, of which ${Math.round(fromS)} to warm up`;
  console.log(`\n${failures.length === 0 ? "flat" : `not flat: ${failures.map(({ name }) => name).join("; ")}`} (${seconds})`);
}
const faults = [server, gateway, client].flatMap(({ stderr }) => stderr.lines);
for (const line of faults.slice(0, 20)) say(line);
killAll();
process.exit(interrupt.signal.aborted ? 130 : failures.length + faults.length > 0 ? 1 : 0);

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Reads figures from /proc where possible, and asks the process for the others. */
async function measure(process_: Process): Promise<Record<Figure, number>> {
  const held = await heldMib(process_);
  const resources = await resourcesOf(process_);
  const folder = `/proc/${process_.pid}`;
  const status = await readFile(`${folder}/status`, "utf8");
  const files = await readdir(`${folder}/fd`);
  const links = await Promise.all(files.map((file) => readlink(`${folder}/fd/${file}`).catch(() => "")));
  const timers = resources["Timeout"] ?? 0;
  return {
    "held, MiB": held,
    "resident, MiB": Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
    descriptors: files.length,
    sockets: links.filter((link) => link.startsWith("socket:")).length,
    timers,
    handles: Object.values(resources).reduce((sum, count) => sum + count, 0) - timers,
  };
}
