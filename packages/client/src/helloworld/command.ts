import type { Command } from "commander";
import { action, type Io, topic } from "../topic.ts";
import { helloworld } from "./client.ts";

export const helloworldCommand = (io: Io): Command =>
  topic("helloworld", "localhost:50051", "greet within a second, and print the answer", "1s")
    .option("--name <name>", "whom to greet", "world")
    .action(action<{ name: string }>(io, (context, { name }) => helloworld(context, name)));
