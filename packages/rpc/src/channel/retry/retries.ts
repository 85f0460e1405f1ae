// The entry point of retries: opens the calls of a channel according to the policy of their method.
import { CallCounts } from "../../channelz/counts.ts";
import { steadyNow } from "../../steady-clock.ts";
import type { ClientListener, ClientStream, OutgoingCall, OutgoingMethod } from "../../transport/client.ts";
import { type AttemptSource, ChangedCall, type RetryState } from "./attempts.ts";
import { bufferLimits, methodSettings, retryPolicyOf, throttlingOf } from "./check-options.ts";
import { HedgingCall } from "./hedging-call.ts";
import { isLimited, LimitedCall } from "./limited-call.ts";
import { defaultKey, emptySettings, policyOf, type SettingsByName } from "./method-settings.ts";
import { ObservedAttempts } from "./observed-attempts.ts";
import type { RetryChannelOptions } from "./options.ts";
import type { MethodPolicy } from "./policy.ts";
import { RetryBudget } from "./request-buffer.ts";
import { RetryingCall } from "./retrying-call.ts";
import { type BalancingName, parseServiceConfig } from "./service-config.ts";
import { RetryThrottle } from "./throttle.ts";

/** The retries of one channel. Channels that share connections still have separate retries. */
export class Retries {
  readonly counts = new CallCounts();
  /** The balancing policy that the service config asks for. */
  readonly balancing: BalancingName | undefined;
  /** The service whose health the service config asks for. `""` stands for the whole server. */
  readonly healthService: string | undefined;
  readonly #state: RetryState;
  readonly #options: SettingsByName;
  readonly #config: SettingsByName;
  /**
   * A cache of policies by method, with null for methods without one. Undefined if no method has a
   * policy.
   */
  readonly #policies: WeakMap<OutgoingMethod, MethodPolicy | null> | undefined;

  /** @throws TypeError or RangeError that names the field and the value. */
  constructor(options: RetryChannelOptions = {}) {
    const config = options.serviceConfig === undefined ? undefined : parseServiceConfig(options.serviceConfig);
    const settings = methodSettings("methods", options.methods === undefined ? [] : options.methods);
    const { retry } = options;
    if (retry !== undefined) {
      settings.set(defaultKey, { ...emptySettings, policy: { retry: retry === false ? undefined : retryPolicyOf("retry", retry) } });
    }
    const throttling =
      options.retryThrottling === undefined ? config?.throttling : throttlingOf("retryThrottling", options.retryThrottling);
    const [perCallBytes, perChannelBytes] = bufferLimits("retryBuffer", options.retryBuffer === undefined ? {} : options.retryBuffer);
    this.balancing = config?.balancing;
    this.healthService = config?.healthService;
    this.#options = settings;
    this.#config = config?.methods ?? new Map();
    this.#policies = this.#options.size + this.#config.size === 0 ? undefined : new WeakMap();
    this.#state = {
      counts: this.counts,
      budget: new RetryBudget(perCallBytes, perChannelBytes),
      throttle: throttling && new RetryThrottle(throttling),
    };
  }

  /** The number of buffered bytes of requests. */
  get bufferedBytes(): number {
    return this.#state.budget.held;
  }

  /** The remaining tokens of throttling. Undefined without throttling. */
  get tokens(): number | undefined {
    return this.#state.throttle?.tokens;
  }

  /** Implements `Channel.open`. The source opens the attempts. */
  open(call: OutgoingCall, listener: ClientListener, source: AttemptSource): ClientStream {
    const policy = this.#policies === undefined ? null : this.#policyOf(this.#policies, call.method);
    const { onAttempt } = call;
    return onAttempt === undefined
      ? this.#openBy(policy, call, listener, source)
      : this.#openBy(
          policy,
          call,
          listener,
          new ObservedAttempts(source, onAttempt, policy?.retry !== undefined || policy?.hedging !== undefined),
        );
  }

  #openBy(policy: MethodPolicy | null, call: OutgoingCall, listener: ClientListener, source: AttemptSource): ClientStream {
    if (policy === null) return new RetryingCall(call, listener, source, this.#state, undefined);
    const { timeoutMs } = policy;
    const deadline = timeoutMs === Number.POSITIVE_INFINITY ? call.deadline : Math.min(call.deadline, steadyNow() + timeoutMs);
    const waitForReady = call.waitForReady ?? policy.waitForReady;
    const changed =
      deadline === call.deadline && waitForReady === call.waitForReady ? call : new ChangedCall(call, { deadline, waitForReady });
    if (!isLimited(policy)) return this.#open(changed, listener, source, policy);
    return new LimitedCall(call, listener, policy, (limited) => this.#open(changed, limited, source, policy));
  }

  #open(call: OutgoingCall, listener: ClientListener, source: AttemptSource, { retry, hedging }: MethodPolicy): ClientStream {
    return hedging === undefined
      ? new RetryingCall(call, listener, source, this.#state, retry)
      : new HedgingCall(call, listener, source, this.#state, hedging);
  }

  #policyOf(policies: WeakMap<OutgoingMethod, MethodPolicy | null>, method: OutgoingMethod): MethodPolicy | null {
    let policy = policies.get(method);
    if (policy === undefined) {
      policy = policyOf(method.path, this.#options, this.#config) ?? null;
      policies.set(method, policy);
    }
    return policy;
  }
}
