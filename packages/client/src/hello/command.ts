import type { Command } from "commander";
import { action, type Io, topic } from "../topic.ts";
import { hello } from "./client.ts";

export const helloCommand = (io: Io): Command =>
  topic("hello", "127.0.0.1:9090", "send a greeting and print the response")
    .option("--name <name>", "name of the sender", "XiaoMing")
    .action(action<{ name: string }>(io, (context, { name }) => hello(context, name)));
