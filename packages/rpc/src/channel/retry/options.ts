// The options of a channel for retries, hedging and method settings.
import type { DescService } from "@bufbuild/protobuf";
import type { Code, CodeName } from "../../protocol/code.ts";

/** The status code of a failed call, by name or number. */
export type FailureCode = Exclude<CodeName, "OK"> | Exclude<Code, typeof Code.OK>;

/**
 * Retries a call that failed (gRFC A6, retry policy). The server may have processed the failed
 * attempt, so use it only for methods that can safely run more than once.
 */
export interface RetryOptions {
  /** The status codes to retry, for example `["UNAVAILABLE"]`. */
  readonly codes: readonly FailureCode[];
  /** The number of attempts including the first, 2 to 5. Default: 4. */
  readonly maxAttempts?: number | undefined;
  /** The wait before the first retry, in milliseconds, ±20 %. Default: 100. */
  readonly initialBackoffMs?: number | undefined;
  /** The longest wait, in milliseconds, ±20 %. Default: 1,000. */
  readonly maxBackoffMs?: number | undefined;
  /** The factor by which each wait exceeds the previous one. Default: 2. */
  readonly backoffMultiplier?: number | undefined;
}

/**
 * Sends several attempts of a call, a delay apart, and uses the first response (gRFC A6, hedging
 * policy). Servers process the call more than once, so use it only for methods that can safely run
 * more than once.
 */
export interface HedgingOptions {
  /** The number of attempts including the first, 2 to 5. */
  readonly maxAttempts: number;
  /** The delay between attempts, in milliseconds. 0 sends all attempts at once. */
  readonly delayMs: number;
  /**
   * The status codes that do not end the call. After one of them, the other attempts continue and
   * the next attempt starts at once. Any other failure ends the call. Default: none.
   */
  readonly nonFatalCodes?: readonly FailureCode[] | undefined;
}

/**
 * Settings of a service or of one of its methods. The settings of a method override those of its
 * service, which override those of the channel.
 */
export type MethodOptions = {
  /** The service, or its full name: `"shop.v1.Orders"`. */
  readonly service: DescService | string;
  /**
   * The method's name, as in the .proto file or as in the client. Default: all methods of the
   * service.
   */
  readonly method?: string | undefined;
  /**
   * The time limit of a call, in milliseconds. If the call has a deadline too, the earlier one
   * applies. Default: none.
   */
  readonly timeoutMs?: number | undefined;
  /** The default for the calls' option `waitForReady`. Default: false. */
  readonly waitForReady?: boolean | undefined;
  /**
   * The largest size of a request message before compression, in bytes. A larger one fails the call
   * with RESOURCE_EXHAUSTED. Default: none.
   */
  readonly maxRequestBytes?: number | undefined;
  /**
   * The largest size of a response message after decompression, in bytes. A larger one fails the
   * call with RESOURCE_EXHAUSTED. Default: none.
   */
  readonly maxResponseBytes?: number | undefined;
} & (
  | {
      /** The retry policy. `false` disables the policy of the service or the channel. */
      readonly retry?: RetryOptions | false | undefined;
      readonly hedging?: undefined;
    }
  | { readonly hedging: HedgingOptions; readonly retry?: undefined }
);

/**
 * Suspends retries and hedging while too many calls fail (gRFC A6, throttling). Retries stop when
 * half of the tokens or fewer are left.
 */
export interface RetryThrottlingOptions {
  /** The initial and largest number of tokens, above 0 and at most 1,000. A failure takes one. */
  readonly maxTokens: number;
  /** The number of tokens that a success returns, above 0. */
  readonly tokenRatio: number;
}

/**
 * The buffer for requests that may be sent again. A call is no longer retried once its requests
 * outgrow the buffer.
 */
export interface RetryBufferOptions {
  /** The limit for one call, in bytes. Default: 1,048,576 (1 MiB). */
  readonly perCallBytes?: number | undefined;
  /** The limit for all calls of the channel, in bytes. Default: 16,777,216 (16 MiB). */
  readonly perChannelBytes?: number | undefined;
}

/** The options of a channel for retries. */
export interface RetryChannelOptions {
  /**
   * The retry policy of all methods. `false` also disables the policies in `serviceConfig`.
   * Default: none.
   *
   * With any setting, a call that the server has certainly not processed is retried at once
   * (transparent retry).
   *
   * @example
   * retry: { codes: ["UNAVAILABLE"], maxAttempts: 4, initialBackoffMs: 100, maxBackoffMs: 1_000, backoffMultiplier: 2 }
   */
  readonly retry?: RetryOptions | false | undefined;
  /**
   * Settings for individual services and methods. Default: none.
   *
   * @example
   * methods: [
   *   { service: Orders, method: "create", retry: false, timeoutMs: 2_000 },
   *   { service: Stock, hedging: { maxAttempts: 3, delayMs: 50, nonFatalCodes: ["UNAVAILABLE"] } },
   * ]
   */
  readonly methods?: readonly MethodOptions[] | undefined;
  /** Limits retries while many calls fail. Default: the setting in `serviceConfig`, or none. */
  readonly retryThrottling?: RetryThrottlingOptions | undefined;
  /** Limits the memory for requests that may be sent again. */
  readonly retryBuffer?: RetryBufferOptions | undefined;
  /**
   * A service config, as JSON text or as an object
   * (https://github.com/grpc/grpc/blob/master/doc/service_config.md). The options above override
   * its fields. The channel never reads a service config from DNS. Default: none.
   */
  readonly serviceConfig?: string | object | undefined;
}
