import { parseDuration } from "@grpc-study/command/duration";
import { Code, RpcError } from "@grpc-study/rpc";
import { Argument, type Command, Option } from "commander";
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
  topic("push", "localhost:50052", "receive from the server, send to it, then do both until Ctrl-C")
    .addArgument(new Argument("[call]", "run only this call").choices(Object.keys(calls)))
    .option("--count <n>", "number of messages: received by get, sent by put (default: 10) and all", parseCount)
    .addOption(new Option("--interval <duration>", "time between two sent messages").argParser(parseDuration).default(1000, "1s"))
    .action(
      action<PushOptions>(io, async (context, options, [call]) => {
        if (call !== undefined) return calls[call as keyof typeof calls](context, options);
        await calls.get(context, options);
        // The tutorial's Go server ends PutStream without a response. The commands after it run
        // nevertheless.
        const failure = await calls.put(context, options).catch((error: unknown) => error);
        if (failure !== undefined && RpcError.from(failure).code !== Code.UNIMPLEMENTED) throw failure;
        await calls.all(context, options);
        if (failure !== undefined) throw failure;
      }),
    );
