// The context for handlers: it has the documented members, and does not expose the call itself.
import type { DescMethod } from "@bufbuild/protobuf";
import { checkBoolean } from "../checks.ts";
import type { ContextValues } from "../context-values.ts";
import { type Compression, checkCompression } from "../protocol/compression.ts";
import type { Metadata } from "../protocol/metadata.ts";
import { methodPath } from "../protocol/method.ts";
import type { ClientCertificate } from "../security/peer-certificate.ts";
import type { Context } from "./context.ts";

/** The call behind a context. */
export type ContextSource = Omit<Context, "toJSON">;

class CallContext implements Context {
  readonly #call: ContextSource;

  constructor(call: ContextSource) {
    this.#call = call;
  }

  get method(): DescMethod {
    return this.#call.method;
  }

  get metadata(): Metadata {
    return this.#call.metadata;
  }

  get peer(): string {
    return this.#call.peer;
  }

  get clientCertificate(): ClientCertificate | undefined {
    return this.#call.clientCertificate;
  }

  get values(): ContextValues {
    return this.#call.values;
  }

  get deadline(): Date | undefined {
    return this.#call.deadline;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get compression(): Compression {
    return this.#call.compression;
  }

  set compression(compression: Compression) {
    this.#call.compression = checkCompression("compression", compression);
  }

  get compress(): boolean {
    return this.#call.compress;
  }

  set compress(compress: boolean) {
    this.#call.compress = checkBoolean("compress", compress);
  }

  get header(): Metadata {
    return this.#call.header;
  }

  get trailer(): Metadata {
    return this.#call.trailer;
  }

  sendHeader(): void {
    this.#call.sendHeader();
  }

  toJSON(): ReturnType<Context["toJSON"]> {
    const { method, peer, deadline } = this.#call;
    return { method: methodPath(method), peer, deadline: deadline?.toISOString() };
  }
}

/** Creates the context for a handler. It is frozen; custom values go into `values`. */
export function contextOf(call: ContextSource): Context {
  return Object.freeze(new CallContext(call));
}
