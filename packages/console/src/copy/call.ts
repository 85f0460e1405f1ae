// What a copy contains: a call, and where it goes.
import type { Registry } from "@bufbuild/protobuf";
import type { Metadata } from "../call/types.ts";
import type { Key } from "../i18n/index.ts";
import type { MethodEntry } from "../schema/services.ts";

export interface CopiedCall {
  readonly method: MethodEntry;
  /** The requests in JSON. A method without a request stream has one. */
  readonly requests: readonly string[];
  readonly metadata: Metadata;
  /** In milliseconds. */
  readonly timeoutMs: number | undefined;
  /** The gateway, with a slash at the end. */
  readonly root: URL;
  /** The protocols of the gateway. */
  readonly protocols: readonly string[];
  readonly registry: Registry;
}

/** The text to copy, or why the tool cannot make the call. */
export type Copied = { readonly text: string; readonly reason?: never } | { readonly text?: never; readonly reason: Key };

/** The host and the port of a server, if it is at the root: gRPC has no paths before the service. */
export function addressOf({ root }: CopiedCall): string | undefined {
  if (root.pathname !== "/") return undefined;
  return `${root.hostname}:${root.port || (root.protocol === "https:" ? "443" : "80")}`;
}

/** Why gRPC clients cannot reach the gateway. */
export function grpcReason(call: CopiedCall): Key | undefined {
  if (!call.protocols.includes("grpc")) return "copyNoGrpc";
  return addressOf(call) === undefined ? "copyPath" : undefined;
}

/**
 * A request on one line. Characters that a terminal or an editor does not show as they are become
 * escapes of JSON.
 */
export function compact(text: string): string {
  const line = text.replace(/"(?:[^"\\]|\\.)*"|\s+/g, (part) => (part.startsWith('"') ? part : ""));
  return escapeInvisible(line);
}

/** Escapes invisible characters in a text of JSON or JavaScript. */
export function escapeInvisible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}
