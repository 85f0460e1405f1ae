// Watches the health of one connection: the client side of gRFC A17.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../gen/grpc/health/v1/health_pb.js";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import type { Status } from "../protocol/status.ts";
import type { ClientStream, OutgoingCall } from "../transport/client.ts";
import type { AttemptListener, Connection } from "../transport/connection.ts";
import { Backoff, type BackoffPolicy } from "./backoff.ts";

export interface HealthWatchSettings {
  readonly target: string;
  /** The service to ask for. `""` stands for the server as a whole. */
  readonly service: string;
  readonly backoff: BackoffPolicy;
}

const watchMethod = { path: `/${Health.typeName}/${Health.method.watch.name}`, requestStream: false, responseStream: true };

/** Runs `Watch` on one connection until `stop`. If the call fails, it begins again after a back-off. */
export class HealthWatch implements AttemptListener {
  readonly connection: Connection;
  readonly #settings: HealthWatchSettings;
  readonly #onChange: () => void;
  readonly #backoff: Backoff;
  #state: "connecting" | "ready" | "failed" = "connecting";
  #failure: RpcError | undefined;
  #stream: ClientStream | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** `performance.now()` when the call began. */
  #beganMs = 0;
  #stopped = false;

  /** @param onChange called after each change of `state`, except from within the constructor. */
  constructor(connection: Connection, settings: HealthWatchSettings, onChange: () => void) {
    this.connection = connection;
    this.#settings = settings;
    this.#onChange = onChange;
    this.#backoff = new Backoff(settings.backoff);
    this.#begin();
  }

  /** `connecting` until the first response, `ready` while the service is SERVING. */
  get state(): "connecting" | "ready" | "failed" {
    return this.#state;
  }

  /** Why the connection gets no calls. Set while the state is `failed`. */
  get failure(): RpcError | undefined {
    return this.#failure;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#stream?.cancel(Code.CANCELLED, "the health of the connection is no longer watched");
  }

  #begin(): void {
    this.#beganMs = performance.now();
    const request = create(HealthCheckRequestSchema, { service: this.#settings.service });
    const call: OutgoingCall = {
      method: watchMethod,
      metadata: undefined,
      deadline: Number.POSITIVE_INFINITY,
      compression: "identity",
      waitForReady: undefined,
      authority: undefined,
      request: Buffer.from(toBinary(HealthCheckRequestSchema, request)),
      previousAttempts: 0,
    };
    this.#stream = this.connection.openUncounted(call, this);
    this.#stream.pull();
  }

  onHeader(): void {}

  onDrain(): void {}

  onMessage(message: Buffer): void {
    this.#backoff.reset();
    let status: ServingStatus;
    try {
      ({ status } = fromBinary(HealthCheckResponseSchema, message));
    } catch (error) {
      this.#fail("its health service sent a malformed response", error);
      // The next one may be well-formed.
      this.#stream?.pull();
      return;
    }
    this.#stream?.pull();
    if (status === ServingStatus.SERVING) this.#change("ready", undefined);
    else this.#fail(`it is ${ServingStatus[status] ?? status}`, undefined);
  }

  onEnd({ code, message }: Status): void {
    // The subchannel learns of the lost connection next, and ends this watch.
    if (this.#stopped || this.connection.draining) return;
    this.#stream = undefined;
    // gRFC A17: a server without the health service counts as healthy.
    if (code === Code.UNIMPLEMENTED) {
      this.#change("ready", undefined);
      return;
    }
    const ms = this.#beganMs + this.#backoff.next() - performance.now();
    this.#timer = setTimeout(() => this.#begin(), Math.max(ms, 0)).unref();
    this.#fail(`its health service ended the call Watch with ${Code[code]}${message === "" ? "" : `: ${message}`}`, undefined);
  }

  #fail(why: string, cause: unknown): void {
    const { target, service } = this.#settings;
    const subject = service === "" ? this.connection.peer : `${service} at ${this.connection.peer}`;
    const message = `${target} takes no calls: ${subject} is not healthy: ${why}`;
    this.#change("failed", new RpcError(Code.UNAVAILABLE, message, { cause: cause ?? new Error(why) }));
  }

  #change(state: "ready" | "failed", failure: RpcError | undefined): void {
    this.#state = state;
    this.#failure = failure;
    this.#onChange();
  }
}
