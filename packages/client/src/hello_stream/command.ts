import type { Command } from "commander";
import { action, type Io, topic } from "../topic.ts";
import { helloStream } from "./client.ts";

export const helloStreamCommand = (io: Io): Command =>
  topic("hello-stream", "127.0.0.1:10001", "send a greeting over a stream and print the response")
    .option("--name <name>", "name of the sender", "zhc")
    .action(action<{ name: string }>(io, (context, { name }) => helloStream(context, name)));
