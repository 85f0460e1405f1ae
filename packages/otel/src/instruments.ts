// The metrics of calls, by the names that the options select.
import { type Attributes, type Counter, type Histogram, type Meter, type UpDownCounter, ValueType } from "@opentelemetry/api";
import { attribute, grpcSeconds, metric, rpcSeconds, sizeBytes } from "./names.ts";
import type { MetricNames } from "./options.ts";
import { addOutcome, type Outcome } from "./outcome.ts";

/** The attributes of the metrics of a call: its method, and on the client its server. They never change. */
export interface Subject {
  /** `package.Service/Method`. */
  readonly method: string;
  /** The attributes of the semantic conventions. */
  readonly rpc: Attributes;
  /** The attributes of gRFC A66. */
  readonly grpc: Attributes;
}

/** The metrics that not every side has. */
interface Extras {
  /** Whether the sizes of messages are measured. Default: false. */
  readonly sizes?: boolean;
  /** Whether the attempts of a client's calls are measured. Default: false. */
  readonly attempts?: boolean;
}

export class Instruments {
  readonly #active: UpDownCounter | undefined;
  readonly #duration: Histogram | undefined;
  readonly #requestSize: Histogram | undefined;
  readonly #responseSize: Histogram | undefined;
  readonly #grpcStarted: Counter | undefined;
  readonly #grpcDuration: Histogram | undefined;
  readonly #grpcAttemptStarted: Counter | undefined;
  readonly #grpcAttemptDuration: Histogram | undefined;

  constructor(meter: Meter, side: "client" | "server", names: ReadonlySet<MetricNames>, { sizes = false, attempts = false }: Extras = {}) {
    if (names.has("rpc") && sizes) {
      const size = (name: string, what: string) =>
        meter.createHistogram(name, {
          description: `Measures the size of RPC ${what} messages (uncompressed).`,
          unit: "By",
          valueType: ValueType.INT,
          advice: { explicitBucketBoundaries: sizeBytes },
        });
      this.#requestSize = size(side === "client" ? metric.clientRequestSize : metric.serverRequestSize, "request");
      this.#responseSize = size(side === "client" ? metric.clientResponseSize : metric.serverResponseSize, "response");
    }
    if (names.has("rpc")) {
      this.#active = meter.createUpDownCounter(side === "client" ? metric.clientActive : metric.serverActive, {
        description: `Number of calls that the ${side} is processing.`,
        unit: "{call}",
        valueType: ValueType.INT,
      });
      this.#duration = meter.createHistogram(side === "client" ? metric.clientDuration : metric.serverDuration, {
        description: `Measures the duration of an ${side === "client" ? "outgoing" : "incoming"} Remote Procedure Call (RPC).`,
        unit: "s",
        advice: { explicitBucketBoundaries: rpcSeconds },
      });
    }
    if (names.has("grpc")) {
      if (side === "server")
        this.#grpcStarted = meter.createCounter(metric.grpcServerStarted, {
          description: "Number of calls started, including those that have not completed.",
          unit: "{call}",
          valueType: ValueType.INT,
        });
      this.#grpcDuration = meter.createHistogram(side === "client" ? metric.grpcClientDuration : metric.grpcServerDuration, {
        description: "Time to complete a call.",
        unit: "s",
        advice: { explicitBucketBoundaries: grpcSeconds },
      });
      if (attempts) {
        this.#grpcAttemptStarted = meter.createCounter(metric.grpcAttemptStarted, {
          description: "Number of attempts started, including those that have not completed.",
          unit: "{attempt}",
          valueType: ValueType.INT,
        });
        this.#grpcAttemptDuration = meter.createHistogram(metric.grpcAttemptDuration, {
          description: "Time to complete an attempt.",
          unit: "s",
          advice: { explicitBucketBoundaries: grpcSeconds },
        });
      }
    }
  }

  /** Whether the attempts of calls are measured. */
  get measuresAttempts(): boolean {
    return this.#grpcAttemptStarted !== undefined;
  }

  attemptStarted({ grpc }: Subject): void {
    this.#grpcAttemptStarted?.add(1, grpc);
  }

  attemptEnded({ grpc }: Subject, seconds: number, { code }: Outcome): void {
    this.#grpcAttemptDuration?.record(seconds, { ...grpc, [attribute.grpcStatus]: code });
  }

  started({ rpc, grpc }: Subject): void {
    this.#active?.add(1, rpc);
    this.#grpcStarted?.add(1, grpc);
  }

  /** @param bytes the size of a message. */
  request({ rpc }: Subject, bytes: number): void {
    this.#requestSize?.record(bytes, rpc);
  }

  response({ rpc }: Subject, bytes: number): void {
    this.#responseSize?.record(bytes, rpc);
  }

  ended({ rpc, grpc }: Subject, seconds: number, outcome: Outcome): void {
    this.#active?.add(-1, rpc);
    if (this.#duration !== undefined) {
      const attributes = { ...rpc };
      addOutcome(attributes, outcome);
      this.#duration.record(seconds, attributes);
    }
    this.#grpcDuration?.record(seconds, { ...grpc, [attribute.grpcStatus]: outcome.code });
  }
}
