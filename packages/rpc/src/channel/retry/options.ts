// Retries as options of a channel.
import type { DescService } from "@bufbuild/protobuf";
import type { Code, CodeName } from "../../protocol/code.ts";

/** A code that a failed call can have: its name, or its number. */
export type FailureCode = Exclude<CodeName, "OK"> | Exclude<Code, typeof Code.OK>;

/**
 * Sends a call again after it has failed (gRFC A6). The server may have processed the call that failed, so set it for methods that may
 * run more than once.
 */
export interface RetryOptions {
  /** The status codes that are retried, for example `["UNAVAILABLE"]`. */
  readonly codes: readonly FailureCode[];
  /** The number of attempts, with the first one: 2 to 5. Default 4. */
  readonly maxAttempts?: number | undefined;
  /** The wait before the first retry, in milliseconds, ±20 %. Default 100. */
  readonly initialBackoffMs?: number | undefined;
  /** The longest wait, in milliseconds, ±20 %. Default 1,000. */
  readonly maxBackoffMs?: number | undefined;
  /** What each wait is multiplied by for the next one. Default 2. */
  readonly backoffMultiplier?: number | undefined;
}

/**
 * Sends a call several times, a delay apart, and takes the first answer (gRFC A6). Servers process the call more than once, so set it for
 * methods that may run more than once.
 */
export interface HedgingOptions {
  /** The number of attempts, with the first one: 2 to 5. */
  readonly maxAttempts: number;
  /** The wait before each further attempt, in milliseconds. 0 sends all at once. */
  readonly delayMs: number;
  /**
   * The status codes after which the other attempts go on, and the next one is sent at once. Any other failure ends the call. Default:
   * none.
   */
  readonly nonFatalCodes?: readonly FailureCode[] | undefined;
}

/**
 * Settings of a service, or of one of its methods. A method's setting counts before that of its service, and a service's before that of the
 * channel.
 */
export type MethodOptions = {
  /** The service, or its full name: `"shop.v1.Orders"`. */
  readonly service: DescService | string;
  /** The method's name, as in the .proto file or as in the client. Default: all methods of the service. */
  readonly method?: string | undefined;
  /** How long a call may take, in milliseconds. The earlier one of this and the call's own deadline counts. */
  readonly timeoutMs?: number | undefined;
  /** Whether calls wait while connections fail, unless a call says it itself. Default false. */
  readonly waitForReady?: boolean | undefined;
  /** The most bytes of a request message, before compression. More is RESOURCE_EXHAUSTED. */
  readonly maxRequestBytes?: number | undefined;
  /** The most bytes of a response message, after decompression. More is RESOURCE_EXHAUSTED. */
  readonly maxResponseBytes?: number | undefined;
} & (
  | {
      /** `false`: no retry policy, whatever the service or the channel has. */
      readonly retry?: RetryOptions | false | undefined;
      readonly hedging?: undefined;
    }
  | { readonly hedging: HedgingOptions; readonly retry?: undefined }
);

/** Stops retries and hedges while too many calls fail (gRFC A6): at half of the tokens. */
export interface RetryThrottlingOptions {
  /** The tokens at the start, and the most there are: above 0, up to 1,000. A failure takes one. */
  readonly maxTokens: number;
  /** The tokens that a success gives back: above 0. */
  readonly tokenRatio: number;
}

/** How many bytes of requests are kept to be sent again. A call that has more is sent once. */
export interface RetryBufferOptions {
  /** Default 1 MiB. */
  readonly perCallBytes?: number | undefined;
  /** Default 16 MiB. */
  readonly perChannelBytes?: number | undefined;
}

/** The options of a channel that are about retries. */
export interface RetryChannelOptions {
  /**
   * The retry policy of all methods. Default: none. `false` turns off the policies of `serviceConfig`, too. Whatever it is, a call that
   * the server surely has not processed is sent again at once (transparent retry).
   *
   * @example
   * retry: { codes: ["UNAVAILABLE"], maxAttempts: 4, initialBackoffMs: 100, maxBackoffMs: 1_000, backoffMultiplier: 2 }
   */
  readonly retry?: RetryOptions | false | undefined;
  /**
   * Settings of services and methods.
   *
   * @example
   * methods: [
   *   { service: Orders, method: "create", retry: false, timeoutMs: 2_000 },
   *   { service: Stock, hedging: { maxAttempts: 3, delayMs: 50, nonFatalCodes: ["UNAVAILABLE"] } },
   * ]
   */
  readonly methods?: readonly MethodOptions[] | undefined;
  /** Default: no throttling. */
  readonly retryThrottling?: RetryThrottlingOptions | undefined;
  readonly retryBuffer?: RetryBufferOptions | undefined;
  /**
   * A service config, as JSON text or as an object (https://github.com/grpc/grpc/blob/master/doc/service_config.md). The options above
   * count before its fields. The channel does not read it from DNS.
   */
  readonly serviceConfig?: string | object | undefined;
}
