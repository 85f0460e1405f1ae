// The command line: all topics, and how errors are reported.
import { Command, CommanderError } from "commander";
import { chatCommand } from "./chat/command.ts";
import { healthCommand } from "./health/command.ts";
import { helloCommand } from "./hello/command.ts";
import { helloStreamCommand } from "./hello_stream/command.ts";
import { helloworldCommand } from "./helloworld/command.ts";
import { writeError } from "./output.ts";
import { pushCommand } from "./push/command.ts";
import { shopCommand } from "./shop/command.ts";
import { streamsCommand } from "./streams/command.ts";
import type { Io } from "./topic.ts";

const topics = [chatCommand, helloCommand, helloStreamCommand, helloworldCommand, streamsCommand, shopCommand, pushCommand, healthCommand];

/**
 * Runs a command and resolves with the exit status: 0, 1 after a failed call, 2 for an invalid
 * command line, 130 after Ctrl-C. Errors are reported on `io.stderr`.
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  try {
    await createProgram(io).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (io.interrupt.signal.aborted) return 130;
    if (error instanceof CommanderError && error.code.startsWith("commander.help")) return error.exitCode;
    const beforeTopic = error instanceof CommanderError && error.code === "commander.unknownOption" && args[0]?.startsWith("-");
    writeError(io.stderr, beforeTopic ? new CommanderError(2, error.code, `${error.message}; options come after the topic`) : error);
    return error instanceof CommanderError ? 2 : 1;
  }
}

export function createProgram(io: Io): Command {
  const program = new Command(process.env.GRPC_STUDY_COMMAND || "grpc-study-client").description(
    "The clients of the tutorials, one command for each topic, and a health check.",
  );
  for (const topic of topics) program.addCommand(topic(io));
  for (const command of tree(program)) {
    command
      .exitOverride()
      .configureHelp({ showGlobalOptions: true })
      .configureOutput({
        writeOut: (text) => void io.stdout.write(text),
        writeErr: (text) => void io.stderr.write(text),
        // run() reports all errors in one format.
        outputError: () => {},
      });
  }
  return program;
}

function tree(command: Command): Command[] {
  return [command, ...command.commands.flatMap(tree)];
}
