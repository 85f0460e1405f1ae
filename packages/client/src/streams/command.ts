import { Argument, type Command } from "commander";
import { action, type Io, topic } from "../topic.ts";
import { conversations, listValue, routeList } from "./client.ts";

const calls = { "list-value": listValue, "route-list": routeList, conversations };

export const streamsCommand = (io: Io): Command =>
  topic("streams", "localhost:8000", "stream in each direction, then in both")
    .addArgument(new Argument("[call]", "run only this call").choices(Object.keys(calls)))
    .action(
      action(io, async (context, _options, [call]) => {
        for (const [name, run] of Object.entries(calls)) {
          if (call === undefined || call === name) await run(context);
        }
      }),
    );
