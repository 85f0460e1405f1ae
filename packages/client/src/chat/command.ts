import { type Command, Option } from "commander";
import { parseDuration } from "../duration.ts";
import { printer } from "../output.ts";
import { action, type Io, topic } from "../topic.ts";
import { chat } from "./client.ts";
import { openLines } from "./lines.ts";

export const chatCommand = (io: Io): Command =>
  topic("chat", "127.0.0.1:8972", "chat, a line at a time, until quit or the end of input")
    .addOption(
      new Option("--deadline <duration>", "how long the chat may last, unless --timeout says it")
        .argParser(parseDuration)
        .default(120_000, "2m"),
    )
    .action(
      action<{ deadline: number }>(io, async (context, { deadline, timeout = deadline, json }) => {
        using lines = openLines(io);
        const print = printer(lines.write, json ?? false);
        await chat({ ...context, print }, lines, timeout);
      }),
    );
