// The cases that fail, and why, by suite and name. The tests expect each listed case to fail, so
// the list cannot go stale.

interface KnownFailure {
  readonly suite: string;
  readonly name: string;
  /** The actual outcome. */
  readonly outcome: string;
  /** The reason. */
  readonly cause: string;
}

/** Currently empty. */
export const knownFailures: readonly KnownFailure[] = [];

export function isKnown(suite: string, name: string): boolean {
  return knownFailures.some((failure) => failure.suite === suite && failure.name === name);
}
