// The keys of an issuer, requested when they are needed and kept while the issuer is down.
import { detached } from "@grpc-study/rpc";
import type { JSONWebKeySet, JWSHeaderParameters } from "jose";
import { createLocalJWKSet, errors } from "jose";
import type { KeySource, VerificationKey } from "./key-source.ts";
import { candidates } from "./key-source.ts";
import type { RemoteSettings } from "./options.ts";

interface Loaded {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly text: string;
  readonly atMs: number;
}

/** Thrown if there are no keys, or no recent ones, to verify a token with. */
export class KeysUnavailable extends Error {}

/** The pause after the first failure. Each further failure doubles it. */
const firstPauseMs = 1_000;

export class RemoteKeys implements KeySource {
  /** Changes whenever the keys change. */
  generation = 0;
  readonly #load: () => Promise<JSONWebKeySet>;
  readonly #settings: RemoteSettings;
  #keys: Loaded | undefined;
  #loading: Promise<Loaded> | undefined;
  #failure: { readonly error: unknown; readonly untilMs: number; readonly pauseMs: number } | undefined;

  /** @param load requests the keys. */
  constructor(load: () => Promise<JSONWebKeySet>, settings: RemoteSettings) {
    this.#load = load;
    this.#settings = settings;
  }

  async ready(): Promise<void> {
    if (this.#keys === undefined) await this.#reload();
  }

  /**
   * Loads the keys if they are too old.
   *
   * @throws KeysUnavailable if there are none.
   */
  check(): Promise<void> | undefined {
    const keys = this.#keys;
    const { maxAgeMs, staleMs } = this.#settings;
    const ageMs = keys === undefined ? Number.POSITIVE_INFINITY : performance.now() - keys.atMs;
    if (ageMs < maxAgeMs / 2) return undefined;
    // Once a request has failed, no call waits for the next one: it may hang as well.
    const currentForMs = this.#failure === undefined ? maxAgeMs : maxAgeMs + staleMs;
    if (ageMs < currentForMs) {
      if (!this.#pauses()) this.#reload().catch(() => {});
      return undefined;
    }
    return this.#refresh();
  }

  async #refresh(): Promise<void> {
    if (!this.#pauses()) await this.#reload().catch(() => {});
    const keys = this.#keys;
    if (keys === undefined || performance.now() - keys.atMs > this.#settings.maxAgeMs + this.#settings.staleMs) {
      throw new KeysUnavailable("there are no keys", { cause: this.#failure?.error });
    }
  }

  async find(header: JWSHeaderParameters): Promise<readonly VerificationKey[]> {
    await this.check();
    const keys = this.#keys as Loaded;
    const found = await candidates(keys.find, header);
    if (found.length > 0 || performance.now() - keys.atMs < this.#settings.cooldownMs) return found;
    // The issuer may have a new key. If it cannot be asked, the token may still be valid.
    if (this.#pauses()) throw new KeysUnavailable("the key is unknown", { cause: this.#failure?.error });
    try {
      return await candidates((await this.#reload()).find, header);
    } catch (cause) {
      throw new KeysUnavailable("the key is unknown", { cause });
    }
  }

  /** Whether requests wait because the last one has failed. */
  #pauses(): boolean {
    return this.#loading === undefined && this.#failure !== undefined && performance.now() < this.#failure.untilMs;
  }

  /** Requests the keys, once for all calls that wait for them. */
  #reload(): Promise<Loaded> {
    // Several calls may wait for the request, so it continues when one of them ends.
    this.#loading ??= detached(() => this.#request()).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #request(): Promise<Loaded> {
    try {
      const set = await this.#load();
      const text = JSON.stringify(set);
      const known = this.#keys;
      const find = known?.text === text ? known.find : createLocalJWKSet(set);
      if (!Array.isArray(set.keys) || set.keys.length === 0) throw new errors.JWKSInvalid("the issuer has no keys");
      if (known?.text !== text) this.generation++;
      this.#failure = undefined;
      this.#keys = { find, text, atMs: performance.now() };
      return this.#keys;
    } catch (error) {
      const { cooldownMs, onReloadError } = this.#settings;
      const pauseMs = Math.min(this.#failure === undefined ? firstPauseMs : this.#failure.pauseMs * 2, cooldownMs);
      this.#failure = { error, pauseMs, untilMs: performance.now() + pauseMs };
      try {
        onReloadError(error as Error);
      } catch {
        // An error in the hook must not affect the calls.
      }
      throw error;
    }
  }
}
