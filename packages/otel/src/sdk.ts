// The SDK that is registered at the time of a call. Without one, calls pay for two look-ups.
import { createNoopMeter, type Meter, type MeterProvider, metrics, type Tracer, type TracerProvider, trace } from "@opentelemetry/api";
import type { Settings } from "./options.ts";

export const scope = "@grpc-study/otel";

/** The global provider of tracers, until an SDK is registered (ProxyTracerProvider of the API). */
interface ProxyProvider {
  getDelegateTracer?(name: string): Tracer | undefined;
}

/** Finds the tracer, and creates the instruments once for each provider. */
export class Sdk<Instruments> {
  readonly #settings: Settings;
  readonly #create: (meter: Meter) => Instruments;
  #tracerProvider: TracerProvider | undefined;
  #tracer: Tracer | undefined;
  #meterProvider: MeterProvider | undefined;
  #instruments: Instruments | undefined;

  constructor(settings: Settings, create: (meter: Meter) => Instruments) {
    this.#settings = settings;
    this.#create = create;
  }

  /** Whether there is anything to do for a call. */
  get registered(): boolean {
    return this.tracer !== undefined || this.instruments !== undefined;
  }

  /** Undefined without traces, or if no SDK is registered. */
  get tracer(): Tracer | undefined {
    if (!this.#settings.traces) return undefined;
    const provider = this.#settings.tracerProvider ?? trace.getTracerProvider();
    if (this.#tracer !== undefined && provider === this.#tracerProvider) return this.#tracer;
    this.#tracerProvider = provider;
    const proxy = provider as ProxyProvider;
    this.#tracer = typeof proxy.getDelegateTracer === "function" ? proxy.getDelegateTracer(scope) : provider.getTracer(scope);
    return this.#tracer;
  }

  /** Undefined without metrics, or if no SDK is registered. */
  get instruments(): Instruments | undefined {
    if (this.#settings.metrics.size === 0) return undefined;
    const provider = this.#settings.meterProvider ?? metrics.getMeterProvider();
    if (provider !== this.#meterProvider) {
      this.#meterProvider = provider;
      const meter = provider.getMeter(scope);
      this.#instruments = meter === createNoopMeter() ? undefined : this.#create(meter);
    }
    return this.#instruments;
  }
}
