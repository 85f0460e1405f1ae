// The live push: three streams of texts.
import type { CallKind, ServiceEntry } from "../../schema/services.ts";
import { type Found, findMethods, type Shaped } from "../shape.ts";

const text = { input: { data: "string" }, output: { data: "string" } } as const;
const shapes = {
  GetStream: { kind: "server_streaming", ...text },
  PutStream: { kind: "client_streaming", ...text },
  AllStream: { kind: "bidi_streaming", ...text },
} as const;

/** One of the three. */
export type TextStream = Shaped<{ readonly kind: CallKind } & typeof text>;

export type PushMethods = Found<typeof shapes>;

export const pushMethods = (services: readonly ServiceEntry[]): PushMethods | undefined => findMethods(services, "Greeter", shapes);
