// What does not hold, and why: by suite and case. A case that is listed here has to fail, so that the list is as short as it can be.

interface KnownFailure {
  readonly suite: string;
  readonly name: string;
  /** What happens instead. */
  readonly outcome: string;
  /** Where it comes from. */
  readonly cause: string;
}

/** None at present. */
export const knownFailures: readonly KnownFailure[] = [];

export function isKnown(suite: string, name: string): boolean {
  return knownFailures.some((failure) => failure.suite === suite && failure.name === name);
}
