// The chat: one reply for each line, in order.
import type { ServiceEntry } from "../../schema/services.ts";
import { type Found, findMethods } from "../shape.ts";

const shapes = {
  BidiHello: { kind: "bidi_streaming", input: { name: "string" }, output: { reply: "string" } },
} as const;

export type ChatMethods = Found<typeof shapes>;

export const chatMethods = (services: readonly ServiceEntry[]): ChatMethods | undefined => findMethods(services, "Greeter", shapes);
