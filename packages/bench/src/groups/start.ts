// The group `start`: the time from starting a server to its first response.
import { alternate } from "../measure/alternate.ts";
import { type NodePeerName, startServer } from "../peers/peers.ts";
import { start as startProcess } from "../process/start.ts";
import type { Group, Outcome, Run } from "./group.ts";
import { serverPeers } from "./workloads.ts";

export const start: Group = {
  name: "start",
  about: "Milliseconds from starting the process of a server to the response to its first unary call.",
  run,
};

async function run({ quick, progress }: Run): Promise<Outcome> {
  const rounds = quick ? 3 : 12;
  await using driver = await startProcess<null>("load", "load/process.js");
  const take = async (peer: NodePeerName) => {
    const start = performance.now();
    await using stack = new AsyncDisposableStack();
    const { port } = await startServer(stack, peer, null);
    await driver.ask("first", { port, ca: null });
    return performance.now() - start;
  };
  // Reads all files into the page cache.
  for (const peer of serverPeers) await take(peer);
  const takes = serverPeers.map((peer) => [peer, () => take(peer)] as const);
  const samples = await alternate(Object.fromEntries(takes), rounds, (round) => progress(`round ${round + 1}/${rounds}`));
  return { measures: [{ name: "cold start to first answer", unit: "ms", better: "less", samples }], notes: [] };
}
