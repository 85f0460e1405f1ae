// Which calls of a channel are sent again, and how: the door of this room.
import type { ClientListener, ClientStream, OutgoingCall, OutgoingMethod } from "../../transport/client.ts";
import { type AttemptSource, ChangedCall, type RetryState } from "./attempts.ts";
import { bufferLimits, methodSettings, retryPolicyOf, throttlingOf } from "./check-options.ts";
import { HedgingCall } from "./hedging-call.ts";
import { isLimited, LimitedCall } from "./limited-call.ts";
import { defaultKey, emptySettings, policyOf, type SettingsByName } from "./method-settings.ts";
import type { RetryChannelOptions } from "./options.ts";
import type { MethodPolicy } from "./policy.ts";
import { RetryBudget } from "./request-buffer.ts";
import { RetryingCall } from "./retrying-call.ts";
import { type BalancingName, parseServiceConfig } from "./service-config.ts";
import { RetryThrottle } from "./throttle.ts";

/** The retries of one channel. Channels that share connections do not share it. */
export class Retries {
  /** The balancing policy that the service config asks for. */
  readonly balancing: BalancingName | undefined;
  readonly #state: RetryState;
  readonly #options: SettingsByName;
  readonly #config: SettingsByName;
  /** What holds for the methods that were called. Null: nothing. Undefined if nothing is set for any method. */
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
    this.#options = settings;
    this.#config = config?.methods ?? new Map();
    this.#policies = this.#options.size + this.#config.size === 0 ? undefined : new WeakMap();
    this.#state = {
      budget: new RetryBudget(perCallBytes, perChannelBytes),
      throttle: throttling && new RetryThrottle(throttling),
    };
  }

  /** How many bytes of requests are kept now. */
  get bufferedBytes(): number {
    return this.#state.budget.held;
  }

  /** The tokens of throttling that are left; undefined without throttling. */
  get tokens(): number | undefined {
    return this.#state.throttle?.tokens;
  }

  /** Opens a call: what `Channel.open` does. Its attempts come from the source. */
  open(call: OutgoingCall, listener: ClientListener, source: AttemptSource): ClientStream {
    const policy = this.#policies === undefined ? null : this.#policyOf(this.#policies, call.method);
    if (policy === null) return new RetryingCall(call, listener, source, this.#state, undefined);
    const { timeoutMs } = policy;
    const deadline = timeoutMs === Number.POSITIVE_INFINITY ? call.deadline : Math.min(call.deadline, Date.now() + timeoutMs);
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
