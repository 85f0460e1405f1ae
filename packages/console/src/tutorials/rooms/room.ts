// What is known of a room: who is there, and what was said and happened.
import type { RoomEvent } from "./methods.ts";

export interface RoomLine {
  readonly id: number;
  readonly kind: "message" | "joined" | "left";
  readonly user: string;
  readonly text: string;
  /** RFC 3339. Empty for those who come and go. */
  readonly time: string;
}

export interface Room {
  readonly users: readonly string[];
  readonly lines: readonly RoomLine[];
}

export const emptyRoom: Room = { users: [], lines: [] };

/** Lines that are kept. */
const maxLines = 1000;

/** The room after an event. */
export function after({ users, lines }: Room, { present, joined, left, message }: RoomEvent): Room {
  const add = (line: Omit<RoomLine, "id">) => [...lines, { ...line, id: (lines.at(-1)?.id ?? 0) + 1 }].slice(-maxLines);
  const others = (user: string) => users.filter((one) => one !== user);
  if (joined !== "") return { users: [...others(joined), joined].sort(), lines: add({ kind: "joined", user: joined, text: "", time: "" }) };
  if (left !== "") return { users: others(left), lines: add({ kind: "left", user: left, text: "", time: "" }) };
  if (message.text !== "") return { users, lines: add({ kind: "message", user: message.user, text: message.text, time: message.time }) };
  return { users: present.users, lines };
}
