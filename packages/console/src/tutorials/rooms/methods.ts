// The rooms of the chat: a stream of what happens in one, and a call that says something there.
import type { ServiceEntry } from "../../schema/services.ts";
import { type Found, findMethods, type ValueOf } from "../shape.ts";

const event = {
  present: { users: "strings" },
  joined: "string",
  left: "string",
  message: { position: "int64", time: "time", user: "string", text: "string" },
} as const;

const shapes = {
  Join: { kind: "server_streaming", input: { room: "string", user: "string", last: "number" }, output: event },
  Say: { kind: "unary", input: { room: "string", user: "string", text: "string", id: "string" }, output: { position: "int64" } },
} as const;

export type RoomsMethods = Found<typeof shapes>;

export type RoomEvent = ValueOf<typeof event>;

export const roomsMethods = (services: readonly ServiceEntry[]): RoomsMethods | undefined => findMethods(services, "Rooms", shapes);
