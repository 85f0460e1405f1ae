// A client of a gateway, of any protocol. The clients for pages run in Node and in a browser.
import type { DescMethod } from "@bufbuild/protobuf";
import type { CallInit, Ending } from "../../peers/call.ts";

export type MethodKind = DescMethod["methodKind"];

export interface WebClient {
  readonly name: string;
  /** The kinds of methods that the client can call. */
  readonly kinds: readonly MethodKind[];
  /** Makes a call to the gateway at `url`, and cancels it after `take` responses. */
  call(url: string, call: CallInit): Promise<Ending>;
}

export const allKinds = ["unary", "server_streaming", "client_streaming", "bidi_streaming"] as const;
/** The kinds that send one request: those that `fetch` of browsers can make. */
export const oneRequest = ["unary", "server_streaming"] as const;
