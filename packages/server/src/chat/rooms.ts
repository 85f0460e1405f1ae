// chat.Rooms: rooms that all processes share. A room is a topic of the live log.
import { createHash } from "node:crypto";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Entry, SubscribeOptions, Subscription } from "@grpc-study/live";
import { type ChatMessage, ChatMessageSchema, type JoinRequest, type JoinResponseSchema, Rooms } from "@grpc-study/proto/chat";
import { Code, type Context, implement, RpcError } from "@grpc-study/rpc";
import type { Logger } from "pino";
import { caller } from "../access.ts";
import { orAborted } from "../data/process-resource.ts";
import { unavailable } from "../data/unavailable.ts";
import { invalid } from "../invalid.ts";
import { liveRpcError } from "../live/live-errors.ts";
import { formatPageToken, parsePageToken } from "../page-token.ts";
import type { Sources } from "../sources.ts";
import { Presence, type PresenceOptions, type Visit } from "./presence.ts";

const defaultPageSize = 50;
const mostPageSize = 1000;

export interface RoomsOptions extends PresenceOptions {
  /** How many messages a client may be behind. Default: 10,000. */
  readonly maxBehind?: number;
}

type Event = MessageInitShape<typeof JoinResponseSchema>;

export const rooms = ({ live, closing }: Pick<Sources, "live" | "closing">, log: Logger, { maxBehind, ...options }: RoomsOptions = {}) => {
  const presence = new Presence(log, options);
  const messagesOf = (room: string, entries: readonly Entry[]) =>
    entries.flatMap((entry) => {
      const message = parseMessage(entry);
      if (message === undefined) log.warn({ room, position: `${entry.position}` }, "an entry of the room is no message, and is skipped");
      return message ?? [];
    });
  return implement(Rooms, {
    async *join({ room, user, from }, call) {
      const name = userOf(call, user);
      const signal = AbortSignal.any([call.signal, closing]);
      // First the messages: a client that sees itself in the room receives what is said from then on.
      const messages = await live.use(call, (log) =>
        orAborted(log.subscribe(topicOf(room), { from: startOf(from), signal, ...(maxBehind !== undefined && { maxBehind }) }), signal),
      );
      const visit = await live.use(call, (log) => presence.enter(live.aside ?? log, room, name || undefined));
      try {
        yield* eventsOf(messages, visit, (entry) => messagesOf(room, [entry])[0]);
      } catch (error) {
        throw liveRpcError(error);
      } finally {
        visit.leave();
        await messages.return();
      }
      // The messages end by the signal alone.
      throw unavailable("the server is shutting down", undefined);
    },

    async say({ room, user, text, id }, call) {
      const name = userOf(call, user);
      if (name === "") throw invalid("user", "is required");
      const data = toBinary(ChatMessageSchema, create(ChatMessageSchema, { user: name, text, id }));
      // Ids of different users are different ones.
      const own = id === "" ? {} : { id: createHash("sha256").update(`${id} ${name}`).digest("base64url") };
      const position = await live.use(call, (log) => orAborted(log.publish(topicOf(room), data, own), call.signal));
      return { position };
    },

    async history({ room, pageSize, pageToken }, call) {
      const after = pageToken === "" ? undefined : parsePageToken(pageToken, room);
      if (pageToken !== "" && after === undefined) throw invalid("page_token", "must be a next_page_token of the same room");
      const limit = Math.min(pageSize || defaultPageSize, mostPageSize);
      const place = after === undefined ? {} : { after };
      const page = await live.use(call, (log) => orAborted(log.read(topicOf(room), { limit, ...place }), call.signal));
      const last = page.at(-1);
      return { messages: messagesOf(room, page), nextPageToken: last === undefined ? "" : formatPageToken(last.position, room) };
    },

    async members({ room }, call) {
      const users = await live.use(call, (log) => orAborted(presence.users(live.aside ?? log, room), call.signal));
      return { users: [...users] };
    },
  });
};

const topicOf = (room: string) => `room/${room}`;

function startOf(from: JoinRequest["from"]): NonNullable<SubscribeOptions["from"]> {
  if (from.case === "after") return from.value;
  return from.case === "last" ? { last: from.value } : "end";
}

/** The user of the token, if there is one: nobody speaks as somebody else. */
function userOf(call: Context, user: string): string {
  const known = call.values.get(caller);
  if (known?.by !== "token") return user;
  if (user !== "" && user !== known.name) throw new RpcError(Code.PERMISSION_DENIED, `${known.name} may not speak as ${user}`);
  return known.name;
}

/** Returns `undefined` for an entry that others have put into the log, and that is no message. */
function parseMessage({ data, position, time }: Entry): ChatMessage | undefined {
  try {
    return create(ChatMessageSchema, { ...fromBinary(ChatMessageSchema, data), position, time: timestampFromDate(time) });
  } catch {
    return undefined;
  }
}

/**
 * Merges messages and changes of the users. It takes one message ahead, and compares the users when
 * the client has room for another event, so that a slow client costs no more memory than a fast one.
 */
async function* eventsOf(
  messages: Subscription,
  visit: Visit,
  messageOf: (entry: Entry) => ChatMessage | undefined,
): AsyncGenerator<Event> {
  let wake = () => {};
  visit.onChange(() => wake());
  let next: { readonly result: IteratorResult<Entry, undefined> } | { readonly error: unknown } | undefined;
  const take = () => {
    next = undefined;
    messages.next().then(
      (result) => {
        next = { result };
        wake();
      },
      (error: unknown) => {
        next = { error };
        wake();
      },
    );
  };
  const { position } = messages;
  take();
  let { users, version } = visit;
  yield { event: { case: "present", value: { users: [...users], position } } };
  for (;;) {
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    if (visit.version !== version) {
      const before = users;
      ({ users, version } = visit);
      yield* changesOf(before, users);
    } else if (next === undefined) {
      await woken;
    } else {
      if ("error" in next) throw next.error;
      const { value } = next.result;
      if (value === undefined) return;
      take();
      const message = messageOf(value);
      if (message !== undefined) yield { event: { case: "message", value: message } };
    }
  }
}

function* changesOf(before: readonly string[], after: readonly string[]): Generator<Event> {
  const [old, current] = [new Set(before), new Set(after)];
  for (const user of before.filter((user) => !current.has(user))) yield { event: { case: "left", value: user } };
  for (const user of after.filter((user) => !old.has(user))) yield { event: { case: "joined", value: user } };
}
