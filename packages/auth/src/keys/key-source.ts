// Where the keys that verify tokens come from.
import type { CryptoKey, JWSHeaderParameters, LocalJWKSet } from "jose";
import { errors } from "jose";

export type VerificationKey = CryptoKey | Uint8Array;

export interface KeySource {
  /** Changes whenever the keys change, so that results of earlier keys no longer count. */
  readonly generation: number;
  /**
   * Ends when the keys are recent enough, or returns undefined if they are.
   *
   * @throws KeysUnavailable
   */
  check(): Promise<void> | undefined;
  /**
   * Returns the keys that may have signed a token. A token without the id of its key may have
   * several.
   *
   * @throws KeysUnavailable if that is unknown.
   */
  find(header: JWSHeaderParameters): Promise<readonly VerificationKey[]>;
  /** Loads the keys. */
  ready(): Promise<void>;
}

/** Keys that do not change. */
export class FixedKeys implements KeySource {
  readonly generation = 0;
  readonly #find: (header: JWSHeaderParameters) => Promise<readonly VerificationKey[]>;

  constructor(find: (header: JWSHeaderParameters) => Promise<readonly VerificationKey[]>) {
    this.#find = find;
  }

  check(): undefined {
    return undefined;
  }

  find(header: JWSHeaderParameters): Promise<readonly VerificationKey[]> {
    return this.#find(header);
  }

  async ready(): Promise<void> {}
}

/** The most keys of a set that are tried for one token. */
const maxCandidates = 8;

/** Returns the keys of a set that fit a header. */
export async function candidates(find: LocalJWKSet, header: JWSHeaderParameters): Promise<readonly VerificationKey[]> {
  try {
    return [await find(header)];
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return [];
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    const several: VerificationKey[] = [];
    for await (const key of error) {
      several.push(key);
      if (several.length === maxCandidates) break;
    }
    return several;
  }
}
