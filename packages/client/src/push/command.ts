import { Argument, type Command } from "commander";
import { parseCount } from "../number.ts";
import { action, type Context, type Io, topic } from "../topic.ts";
import { allStream, getStream, putStream } from "./client.ts";

interface PushOptions {
  count?: number;
  interval: number;
}

const calls = {
  get: (context: Context, { count = Number.POSITIVE_INFINITY }: PushOptions) => getStream(context, count),
  put: (context: Context, { count = 10, interval }: PushOptions) => putStream(context, count, interval),
  all: (context: Context, { count = Number.POSITIVE_INFINITY, interval }: PushOptions) => allStream(context, count, interval),
};

export const pushCommand = (io: Io): Command =>
  topic("push", "localhost:50052", "push from the server, to it, and both at once until Ctrl-C")
    .addArgument(new Argument("[call]", "this call only").choices(Object.keys(calls)))
    .option("--count <n>", "messages: received by get, sent by put (default: 10) and all", parseCount)
    .option("--interval <ms>", "milliseconds from one sent message to the next", parseCount, 1000)
    .action(
      action<PushOptions>(io, async (context, options, [call]) => {
        for (const [name, run] of Object.entries(calls)) {
          if (call === undefined || call === name) await run(context, options);
        }
      }),
    );
