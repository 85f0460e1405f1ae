// A stay in a room: prints what happens there, says the lines that the user types, and returns by
// itself when the connection is lost.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type JoinRequest, type JoinResponse, JoinResponseSchema, Rooms } from "@grpc-study/proto/chat";
import { Code, RpcError } from "@grpc-study/rpc";
import type { Context } from "../../topic.ts";
import type { Lines } from "../lines.ts";
import { formatMessage, sayUntilStored } from "./client.ts";

/** Milliseconds for which a line is said again. Shorter than servers remember its id. */
const giveUpMs = 100_000;
const firstPauseMs = 250;
const longestPauseMs = 5000;

/** Where the messages begin. */
export interface PlaceOptions {
  readonly last: number;
  readonly after?: bigint;
}

interface Stay extends PlaceOptions {
  readonly room: string;
  readonly user: string;
  /** Prints a line about the connection. */
  readonly note: (line: string) => void | Promise<void>;
}

/**
 * Stays until the input ends and what was said has come back. An input without any line ends
 * nothing: the stay lasts until Ctrl-C, unless the input is a terminal. Ctrl-C is an end like others.
 */
export async function join(context: Context, lines: Lines, stay: Stay): Promise<void> {
  const { room, user } = stay;
  const said = new Set<string>();
  const left = new AbortController();
  const present = Promise.withResolvers<void>();
  const release = context.onInterrupt(() => left.abort());
  const signal = AbortSignal.any([context.signal, left.signal]);
  /** The position that the stay must reach before it ends. */
  let goal: bigint | undefined;
  let reached = -1n;
  const leaveAtGoal = () => {
    if (goal !== undefined && reached >= goal) left.abort();
  };

  const talk = async () => {
    let spoken: bigint | undefined;
    for await (const line of lines) {
      const text = line.trim();
      if (text === "") continue;
      if (text.toUpperCase() === "QUIT") {
        spoken ??= -1n;
        break;
      }
      // A stream that does not begin with older messages would miss what is said before it begins.
      await present.promise;
      const id = randomUUID();
      if (lines.interactive) said.add(id);
      ({ position: spoken } = await sayUntilStored({ ...context, signal }, { room, user, text, id }, giveUpMs));
    }
    goal = lines.interactive ? -1n : spoken;
    leaveAtGoal();
  };

  const show = async (event: JoinResponse) => {
    present.resolve();
    const message = event.event.case === "message" ? event.event.value : undefined;
    // The line that was typed is still on the screen.
    if (message === undefined || !said.delete(message.id)) await context.print(JoinResponseSchema, event, format(event));
    if (message !== undefined) reached = message.position;
    leaveAtGoal();
  };

  const listening = listen(context, stay, left.signal, show).finally(() => {
    left.abort();
    lines.close();
    present.resolve();
  });
  const talking = talk().catch((error: unknown) => {
    if (left.signal.aborted) return;
    left.abort();
    throw error;
  });
  await Promise.all([listening, talking]).finally(release);
}

/** Shows the events of the room, across connections, until the signal aborts. */
async function listen(
  { connect, signal: interrupt }: Context,
  { room, user, last, after, note }: Stay,
  left: AbortSignal,
  show: (event: JoinResponse) => Promise<void>,
): Promise<void> {
  const signal = AbortSignal.any([interrupt, left]);
  let from: JoinRequest["from"] = after === undefined ? { case: "last", value: last } : { case: "after", value: after };
  let pauseMs = 0;
  let joined = false;
  while (!left.aborted) {
    try {
      for await (const event of connect(Rooms).join({ room, user, from }, { signal })) {
        if (pauseMs > 0) await note("* connected again");
        pauseMs = 0;
        joined = true;
        await show(event);
        const position = positionOf(event);
        if (position !== undefined) from = { case: "after", value: position };
      }
    } catch (error) {
      if (left.aborted) return;
      const { code } = RpcError.from(error);
      // A first call that fails is a mistake of the command line, or there is no server.
      if (interrupt.aborted || !joined) throw error;
      if (code === Code.OUT_OF_RANGE) {
        await note("* the server has lost the messages up to here");
        from = { case: "last", value: 1000 };
      } else if (code !== Code.UNAVAILABLE && code !== Code.RESOURCE_EXHAUSTED) {
        throw error;
      }
    }
    if (left.aborted) return;
    if (pauseMs === 0) await note("* the connection is lost; trying again");
    pauseMs = Math.min(pauseMs * 2 || firstPauseMs, longestPauseMs);
    await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
    interrupt.throwIfAborted();
  }
}

/** Where the stream continues after the event. */
function positionOf({ event }: JoinResponse): bigint | undefined {
  return event.case === "message" || event.case === "present" ? event.value.position : undefined;
}

function format({ event }: JoinResponse): string {
  switch (event.case) {
    case "message":
      return formatMessage(event.value);
    case "present":
      return `* in the room: ${event.value.users.join(", ") || "nobody"}`;
    case "joined":
    case "left":
      return `* ${event.value} ${event.case === "joined" ? "has joined" : "has left"}`;
    case undefined:
      return "";
  }
}
