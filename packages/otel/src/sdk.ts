// The SDK that is registered at the time of a call. Without one, calls pay for two look-ups.
import { createNoopMeter, type Meter, type MeterProvider, metrics, type Tracer, type TracerProvider, trace } from "@opentelemetry/api";

export const scope = "@grpc-study/otel";

/** The global provider of tracers, until an SDK is registered (ProxyTracerProvider of the API). */
interface ProxyProvider {
  getDelegateTracer?(name: string): Tracer | undefined;
}

/** Finds the tracer. */
export class Tracing {
  readonly #given: TracerProvider | undefined;
  #provider: TracerProvider | undefined;
  #tracer: Tracer | undefined;

  constructor(given: TracerProvider | undefined) {
    this.#given = given;
  }

  /** Undefined if no SDK is registered. */
  get tracer(): Tracer | undefined {
    const provider = this.#given ?? trace.getTracerProvider();
    if (this.#tracer !== undefined && provider === this.#provider) return this.#tracer;
    this.#provider = provider;
    const proxy = provider as ProxyProvider;
    this.#tracer = typeof proxy.getDelegateTracer === "function" ? proxy.getDelegateTracer(scope) : provider.getTracer(scope);
    return this.#tracer;
  }
}

/** Creates the instruments, once for each provider. */
export class Metering<Instruments> {
  readonly #given: MeterProvider | undefined;
  readonly #create: (meter: Meter) => Instruments;
  #provider: MeterProvider | undefined;
  #instruments: Instruments | undefined;

  constructor(given: MeterProvider | undefined, create: (meter: Meter) => Instruments) {
    this.#given = given;
    this.#create = create;
  }

  /** Undefined if no SDK is registered. */
  get instruments(): Instruments | undefined {
    const provider = this.#given ?? metrics.getMeterProvider();
    if (provider !== this.#provider) {
      this.#provider = provider;
      const meter = provider.getMeter(scope);
      this.#instruments = meter === createNoopMeter() ? undefined : this.#create(meter);
    }
    return this.#instruments;
  }
}
