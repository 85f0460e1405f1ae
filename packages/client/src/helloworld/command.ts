import type { Command } from "commander";
import { action, type Io, topic } from "../topic.ts";
import { helloworld } from "./client.ts";

export const helloworldCommand = (io: Io): Command =>
  topic("helloworld", "localhost:50051", "send a greeting with a deadline of one second and print the response", "1s")
    .option("--name <name>", "name to greet", "world")
    .action(action<{ name: string }>(io, (context, { name }) => helloworld(context, name)));
