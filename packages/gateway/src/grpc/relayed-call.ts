// A relayed call: what all calls share, whatever carries them to the upstream. It begins, and ends
// once.

import { randomUUID } from "node:crypto";
import type { DescMethod } from "@bufbuild/protobuf";
import { Code, type Metadata, RpcError } from "@grpc-study/rpc";
import { type OutgoingCall, type OutgoingMethod, requestFault, type ServerStream, type Status, steadyNow } from "@grpc-study/rpc/transport";
import type { ClientCalls } from "../call-limits.ts";
import { logError, type Settings } from "../exchange.ts";
import { type CallInfo, hookMetadata, type MetadataHook, replaceMetadata } from "../hooks.ts";
import { isObserving, Observation } from "../observe.ts";
import type { RunningCall } from "../running.ts";
import type { UpstreamConnections } from "../upstreams.ts";
import { type CallerHead, headOf } from "./caller-head.ts";
import { type OriginOf, requestInfo } from "./origin.ts";
import { statusOf } from "./status.ts";

/** The settings that all calls of a relay share. */
export interface RelaySettings extends Pick<Settings, "errors" | "running" | "callLimits" | "logger" | "hooks" | "observe"> {
  readonly originOf: OriginOf;
}

/** The method of a call. */
export interface RelayedMethod extends OutgoingMethod {
  /** `undefined` for a common service of the upstream. */
  readonly desc: DescMethod | undefined;
  readonly connections: UpstreamConnections;
  /** The time limit of its calls, in milliseconds. */
  readonly timeoutMs: number;
  readonly settings: RelaySettings;
}

export abstract class RelayedCall implements RunningCall {
  readonly method: RelayedMethod;
  /** Milliseconds since 1970, or Infinity. */
  deadline: number;
  previous: RunningCall | undefined = undefined;
  next: RunningCall | undefined = undefined;
  protected readonly caller: ServerStream;
  protected ended = false;
  /** Undefined before `begin`, and if it has rejected the call. */
  protected head: CallerHead | undefined = undefined;
  /** The metadata that a hook or an observer has changed. */
  protected hooked: Metadata | undefined = undefined;
  /** What observes the upstream's call. */
  onAttempt: OutgoingCall["onAttempt"] = undefined;
  onMessageSize: OutgoingCall["onMessageSize"] = undefined;
  /** The calls of the client in `callLimits`, while the call runs. */
  #client: ClientCalls | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #observation: Observation | undefined = undefined;
  #requestId: string | undefined = undefined;
  #began = 0;

  constructor(method: RelayedMethod, caller: ServerStream) {
    this.method = method;
    this.caller = caller;
    this.deadline = caller.deadline;
  }

  /** Opens the upstream's call, unless a limit or a rule rejects it. */
  begin(): void {
    const { caller, method } = this;
    const { settings } = method;
    if (settings.logger !== undefined) this.#began = performance.now();
    try {
      const { metadata: hook } = settings.hooks;
      const observing = isObserving(settings);
      if (hook === undefined && !observing) {
        this.head = headOf(caller, settings.originOf);
        this.#start(this.head.fault);
        return;
      }
      // Before the metadata of HTTP is removed.
      const before = caller.metadata.clone();
      const head = headOf(caller, settings.originOf);
      this.head = head;
      const request = { ...requestInfo(method.path, before, caller.authority, head.origin), requestId: this.requestId };
      if (observing) this.#observe(Observation.begin(settings, request, "grpc", method.path));
      if (hook === undefined) this.#start(head.fault);
      else {
        this.#count();
        void this.#authorize(hook, { request, protocol: "grpc", method: method.desc }, head);
      }
    } catch (thrown) {
      this.#reject(thrown);
    }
  }

  async #authorize(hook: MetadataHook, call: CallInfo, head: CallerHead): Promise<void> {
    try {
      const more = await hookMetadata(hook, call);
      if (this.ended) return;
      const metadata = head.copy(this.requestId);
      replaceMetadata(metadata, more);
      this.hooked = metadata;
      this.#start(requestFault(metadata));
    } catch (thrown) {
      if (!this.ended) this.#reject(thrown);
    }
  }

  #reject(thrown: unknown): void {
    const { errors, logger } = this.method.settings;
    const error = RpcError.from(thrown);
    logError(logger, error, this.requestId, this.#observation);
    const status = statusOf(errors.visible(error));
    this.release(status.code);
    this.cancelUpstream(status);
    this.caller.end(status, undefined, false);
  }

  #observe(observation: Observation | undefined): void {
    this.#observation = observation;
    const message = observation?.message;
    if (message !== undefined) this.caller.observe?.(message);
  }

  /**
   * Opens the upstream's call.
   *
   * @param fault why the metadata cannot be sent.
   * @throws RpcError INVALID_ARGUMENT for a fault, HttpError at a limit.
   */
  #start(fault: string | undefined): void {
    if (fault !== undefined) throw new RpcError(Code.INVALID_ARGUMENT, fault);
    if (this.#client === undefined) this.#count();
    if (this.#observation !== undefined && this.head !== undefined) {
      const { path, connections } = this.method;
      this.hooked ??= this.head.copy(this.requestId);
      const target = connections.channel.target;
      const { attempts, sizes } = this.#observation.call({ method: path, target, metadata: this.hooked });
      this.onAttempt = attempts;
      this.onMessageSize = sizes;
    }
    this.open();
  }

  /**
   * Counts the call until its end.
   *
   * @throws HttpError at a limit.
   */
  #count(): void {
    const { settings, timeoutMs } = this.method;
    this.#client = settings.callLimits.begin(this.#address);
    settings.running.add(this);
    if (timeoutMs !== Number.POSITIVE_INFINITY) this.#limitTime(timeoutMs);
  }

  /** Opens the upstream's call. */
  protected abstract open(): void;

  /** Cancels the upstream's call, unless it has ended. */
  protected abstract cancelUpstream(status: Status): void;

  /** Created only for a call that needs it. */
  protected get requestId(): string {
    this.#requestId ??= this.head?.requestId ?? randomUUID();
    return this.#requestId;
  }

  /** The metadata of the upstream's call, which nobody changes. */
  protected get upstreamMetadata(): Metadata | undefined {
    return this.hooked ?? this.head?.metadata(this.requestId);
  }

  get #address(): string {
    return this.head?.address ?? "";
  }

  /** Ends the call after the gateway's time limit. The transport ends it at the caller's deadline. */
  #limitTime(timeoutMs: number): void {
    const deadline = steadyNow() + timeoutMs;
    if (deadline >= this.deadline) return;
    this.deadline = deadline;
    this.#timer = setTimeout(timeUp, timeoutMs, this);
  }

  /** Ends the call on both sides. */
  cancel({ code, message }: RpcError): void {
    if (this.ended) return;
    const status = { code, message, metadata: undefined };
    this.release(code);
    this.cancelUpstream(status);
    this.caller.end(status, undefined, false);
  }

  /** The connection of a caller that does not read is closed by the transport. */
  abort(): void {}

  /** The caller has ended the call, or its connection is lost. */
  onCancel(status: Status): void {
    if (this.ended) return;
    this.release(status.code);
    this.cancelUpstream(status);
  }

  // The end.

  /** The status that the caller sees. A status of this side may have internal addresses. */
  protected visible(status: Status): Status {
    const { code, message, metadata, cause } = status;
    if (cause === undefined) return status;
    const { errors, logger } = this.method.settings;
    logger?.warn({ reqId: this.requestId, ...this.#observation?.logFields }, message);
    const shown = errors.visible(new RpcError(code, message, { cause }));
    return { code: shown.code, message: shown.message, metadata };
  }

  /** Releases what the call holds, and writes its line in the access log. */
  protected release(code: Code): void {
    const { settings } = this.method;
    this.ended = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (this.#client !== undefined) {
      settings.running.delete(this);
      settings.callLimits.end(this.#client);
      this.#client = undefined;
    }
    if (this.#observation !== undefined) this.#endObservation(this.#observation, code);
    if (settings.logger !== undefined) this.#log(code);
  }

  /** After the caller's stream has the last message. */
  #endObservation(observation: Observation, code: Code): void {
    const { path: route, desc } = this.method;
    observation.callEnded();
    const end = () => observation.end({ protocol: "grpc", code, status: 200, route, method: desc });
    if (observation.message === undefined) end();
    else
      process.nextTick(() => {
        const { written } = this.caller;
        if (written === undefined) end();
        else void written.then(end, end);
      });
  }

  #log(code: Code): void {
    const { settings, path } = this.method;
    const durationMs = Math.round((performance.now() - this.#began) * 1000) / 1000;
    const fields = { reqId: this.requestId, method: "POST", path, protocol: "grpc", status: 200, grpc: Code[code], durationMs };
    settings.logger?.info({ ...fields, peer: this.#address, ...this.#observation?.logFields }, "request");
  }
}

function timeUp(call: RelayedCall): void {
  call.cancel(new RpcError(Code.DEADLINE_EXCEEDED, "deadline exceeded"));
}
