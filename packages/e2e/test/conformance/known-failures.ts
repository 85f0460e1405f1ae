// Known failures by suite and case, with the reasons. A listed case has to fail, so that the list
// stays minimal.

interface KnownFailure {
  readonly suite: string;
  readonly name: string;
  /** The actual outcome. */
  readonly outcome: string;
  /** The cause. */
  readonly cause: string;
}

/** None at present. */
export const knownFailures: readonly KnownFailure[] = [];

export function isKnown(suite: string, name: string): boolean {
  return knownFailures.some((failure) => failure.suite === suite && failure.name === name);
}
