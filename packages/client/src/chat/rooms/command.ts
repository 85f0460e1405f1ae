import { Command, InvalidArgumentError, Option } from "commander";
import type { TokenOptions } from "../../credentials.ts";
import { parseCount, parsePosition } from "../../number.ts";
import { printer } from "../../output.ts";
import { action, type Io } from "../../topic.ts";
import { openLines } from "../lines.ts";
import { history, members, say } from "./client.ts";
import { join, type PlaceOptions } from "./join.ts";

export function roomsCommand(io: Io): Command {
  return new Command("rooms")
    .description("chat rooms, which all processes of a server share; --user says who you are")
    .addCommand(
      new Command("join")
        .description("print what is said in a room, and say the lines that you type, until quit or Ctrl-C")
        .argument("<room>")
        .option("--last <n>", "begin with so many of the newest messages", parseLast, 10)
        .addOption(
          new Option("--after <position>", "begin after the message with this position").argParser(parsePosition).conflicts("last"),
        )
        .action(
          action<PlaceOptions>(io, async (context, options, [room = ""]) => {
            using lines = openLines(io);
            const note = lines.interactive ? lines.write : (line: string) => void io.stderr.write(`${line}\n`);
            await join({ ...context, print: printer(lines.write, options.json ?? false) }, lines, {
              ...options,
              room,
              user: userOf(options),
              note,
            });
          }),
        ),
    )
    .addCommand(
      new Command("say")
        .description("say something in a room")
        .argument("<room>")
        .argument("<text>")
        .action(action(io, (context, options, [room = "", text = ""]) => say(context, { room, user: userOf(options), text }))),
    )
    .addCommand(
      new Command("history")
        .description("print all messages of a room, the oldest first")
        .argument("<room>")
        .option("--page-size <n>", "messages of one call", parseCount, 500)
        .action(action<{ pageSize: number }>(io, (context, { pageSize }, [room = ""]) => history(context, room, pageSize))),
    )
    .addCommand(
      new Command("members")
        .description("print who is in a room")
        .argument("<room>")
        .action(action(io, (context, { json }, [room = ""]) => members(context, room, json ?? false))),
    );
}

/** A token says who the user is. Without one, the request does. */
function userOf({ user, token }: TokenOptions): string {
  return (token ?? process.env.GRPC_STUDY_TOKEN) ? "" : (user ?? process.env.GRPC_STUDY_USER ?? "");
}

function parseLast(text: string): number {
  const last = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (!(last <= 1000)) throw new InvalidArgumentError("It must be an integer from 0 to 1000.");
  return last;
}
