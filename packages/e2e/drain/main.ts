// `pnpm drain`: shows the drain sequence, with 500 calls a second and 50 streams.
import { drain } from "./drain.ts";

const columns = ["phase", "seconds", "calls", "failed", "calls by server", "streams told to reconnect"];
const widths = columns.map(({ length }) => length);
widths[0] = 31;
widths[4] = 22;
const row = (cells: readonly string[]) =>
  process.stdout.write(
    `${cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd()}\n`,
  );

row(columns);
const report = await drain({ callsPerSecond: 500, streams: 50, calmMs: 2_000, preStopMs: 1_000, graceMs: 3_000 }, (phase) => {
  const { OK = 0, ...others } = phase.codes;
  const failed = Object.values(others).reduce((sum, count) => sum + count, 0);
  const servers = Object.entries(phase.servers).sort(([a], [b]) => (a < b ? -1 : 1));
  const shares = servers.map(([server, count]) => `${server} ${count}`).join(", ");
  row([phase.name, (phase.tookMs / 1_000).toFixed(1), `${OK + failed}`, `${failed}`, shares, `${phase.told}`]);
});
const shares = [...report.streamServers].map(([server, count]) => `${count} on ${server}`).join(", ");
process.stdout.write(`\n${report.messages} messages of streams came back in order; the streams are now ${shares}.\n`);
for (const failure of report.failures) process.stdout.write(`failure: ${failure}\n`);
process.exitCode = report.failures.length === 0 ? 0 : 1;
