// Runs in a process: clients under attack. For each message it connects, makes a call, and reports
// how both end.
import { connect, ErrorCode, HeaderList } from "../../src/index.ts";
import { Recorder } from "../recorder.ts";
import { condition } from "./condition.ts";

/** A request to the process. */
export interface Attacked {
  readonly port: number;
  /** `true` for an upload that continues as long as there is room. */
  readonly upload: boolean;
}

const request = HeaderList.request({ method: "POST", scheme: "http", authority: "localhost", path: "/" });
const part = Buffer.alloc(16_384);
let connections = 0;
let streams = 0;
let calmed = 0;

async function attack({ port, upload }: Attacked): Promise<void> {
  // One of `closed CODE`, `reset CODE SOURCE` and `status CODE`.
  const report = (text: string) => process.send?.({ port, text });
  const connection = await connect({ host: "127.0.0.1", port });
  connections++;
  connection.onClose = ({ code }) => {
    connections--;
    if (code === ErrorCode.ENHANCE_YOUR_CALM) calmed++;
    report(`closed ${code}`);
  };
  const recorder = new Recorder();
  const stream = connection.request(request, recorder);
  streams++;
  void recorder.outcome.then(({ status, reset }) => {
    streams--;
    report(reset === undefined ? `status ${status}` : `reset ${reset.code} ${reset.source}`);
  });
  while (upload && !stream.closed) if (!stream.write(part)) await recorder.drained();
}

process.on("message", (message: Attacked | "condition") => {
  if (message === "condition") process.send?.(condition(connections, streams, calmed));
  else void attack(message);
});
