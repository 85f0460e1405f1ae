// The metrics of calls, by the names that the options select.
import type { MessageSize } from "@grpc-study/rpc";
import { type Attributes, type Counter, type Histogram, type Meter, type UpDownCounter, ValueType } from "@opentelemetry/api";
import type { Totals } from "./messages.ts";
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
  readonly #sentSize: Histogram | undefined;
  readonly #receivedSize: Histogram | undefined;
  readonly #grpcStarted: Counter | undefined;
  readonly #grpcDuration: Histogram | undefined;
  readonly #grpcAttemptStarted: Counter | undefined;
  readonly #grpcAttemptDuration: Histogram | undefined;
  readonly #grpcSent: Histogram | undefined;
  readonly #grpcReceived: Histogram | undefined;

  constructor(meter: Meter, side: "client" | "server", names: ReadonlySet<MetricNames>, { sizes = false, attempts = false }: Extras = {}) {
    if (names.has("rpc") && sizes) {
      const size = (name: string, what: string) =>
        meter.createHistogram(name, {
          description: `Measures the size of RPC ${what} messages (uncompressed).`,
          unit: "By",
          valueType: ValueType.INT,
          advice: { explicitBucketBoundaries: sizeBytes },
        });
      const request = size(side === "client" ? metric.clientRequestSize : metric.serverRequestSize, "request");
      const response = size(side === "client" ? metric.clientResponseSize : metric.serverResponseSize, "response");
      this.#sentSize = side === "client" ? request : response;
      this.#receivedSize = side === "client" ? response : request;
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
      const total = (name: string, what: string) =>
        meter.createHistogram(name, {
          description: `Total bytes (compressed but not encrypted) ${what}; does not include gRPC or transport framing bytes.`,
          unit: "By",
          valueType: ValueType.INT,
          advice: { explicitBucketBoundaries: sizeBytes },
        });
      if (side === "server") {
        this.#grpcSent = total(metric.grpcServerSent, "sent across all response messages per call");
        this.#grpcReceived = total(metric.grpcServerReceived, "received across all request messages per call");
      }
      if (attempts) {
        this.#grpcSent = total(metric.grpcAttemptSent, "sent across all request messages per attempt");
        this.#grpcReceived = total(metric.grpcAttemptReceived, "received across all response messages per attempt");
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

  /** Whether the sizes of messages are measured. */
  get observesMessages(): boolean {
    return this.#sentSize !== undefined || this.#grpcSent !== undefined;
  }

  attemptStarted({ grpc }: Subject): void {
    this.#grpcAttemptStarted?.add(1, grpc);
  }

  attemptEnded({ grpc }: Subject, seconds: number, { code }: Outcome, totals: Totals): void {
    if (this.#grpcAttemptDuration === undefined) return;
    const attributes = { ...grpc, [attribute.grpcStatus]: code };
    this.#grpcAttemptDuration.record(seconds, attributes);
    this.#recordTotals(totals, attributes);
  }

  /** Does not record a total that the transport does not know. */
  #recordTotals({ sent, received }: Totals, attributes: Attributes): void {
    if (sent !== undefined) this.#grpcSent?.record(sent, attributes);
    if (received !== undefined) this.#grpcReceived?.record(received, attributes);
  }

  started({ rpc, grpc }: Subject): void {
    this.#active?.add(1, rpc);
    this.#grpcStarted?.add(1, grpc);
  }

  message({ rpc }: Subject, { direction, bytes }: MessageSize): void {
    if (direction === "sent") this.#sentSize?.record(bytes, rpc);
    else this.#receivedSize?.record(bytes, rpc);
  }

  /** @param totals the messages of a server's call. A client's are measured by attempt. */
  ended({ rpc, grpc }: Subject, seconds: number, outcome: Outcome, totals?: Totals): void {
    this.#active?.add(-1, rpc);
    if (this.#duration !== undefined) {
      const attributes = { ...rpc };
      addOutcome(attributes, outcome);
      this.#duration.record(seconds, attributes);
    }
    if (this.#grpcDuration === undefined) return;
    const attributes = { ...grpc, [attribute.grpcStatus]: outcome.code };
    this.#grpcDuration.record(seconds, attributes);
    if (totals !== undefined) this.#recordTotals(totals, attributes);
  }
}
