import { parseDuration } from "@grpc-study/command/duration";
import { Code, RpcError } from "@grpc-study/rpc";
import { type Command, Option } from "commander";
import { printer } from "../output.ts";
import { action, type Io, topic } from "../topic.ts";
import { chat } from "./client.ts";
import { openLines } from "./lines.ts";
import { roomsCommand } from "./rooms/command.ts";

export const chatCommand = (io: Io): Command => chatTopic(io).addCommand(roomsCommand(io));

const chatTopic = (io: Io): Command =>
  topic("chat", "127.0.0.1:8972", "chat line by line, until quit or the end of input")
    .addOption(
      new Option("--deadline <duration>", "deadline of the chat; --timeout replaces it").argParser(parseDuration).default(120_000, "2m"),
    )
    .action(
      action<{ deadline: number }>(io, async (context, { deadline, timeout = deadline, json }) => {
        using lines = openLines(io);
        const print = printer(lines.write, json ?? false);
        if (lines.interactive) await lines.write(announce(timeout));
        try {
          await chat({ ...context, print }, lines, timeout);
        } catch (error) {
          if (!(error instanceof RpcError) || error.code !== Code.DEADLINE_EXCEEDED) throw error;
          const message = `the chat reached its deadline of ${formatSeconds(timeout)}; --deadline 10m sets a longer one`;
          throw new RpcError(error.code, message, { cause: error });
        }
      }),
    );

function announce(timeoutMs: number): string {
  const end = new Date(Date.now() + timeoutMs).toTimeString().slice(0, 8);
  return `The chat ends at ${end}, in ${formatSeconds(timeoutMs)} (--deadline). quit or Ctrl-D ends it earlier.`;
}

function formatSeconds(ms: number): string {
  return `${ms / 1000} s`;
}
