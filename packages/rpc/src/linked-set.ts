// A set whose members come and go all the time, as the calls of a server do.
//
// A Set or Map would do it by tables that are replaced every few calls, and every old table refers to the one that came after it. V8 frees young objects without
// looking at old ones: once a table has become old (at the first full collection, at the latest), it keeps all later tables alive, with whatever was in them, until the
// next full collection. Under load that is every call; the collector then takes up to a third of the time. Here, a member that has left refers to no other.

/** What can be a member. The fields are the set's own; one set at a time. */
export interface Linked<T> {
  previous: T | undefined;
  next: T | undefined;
}

export class LinkedSet<T extends Linked<T>> implements Iterable<T> {
  #first: T | undefined;

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  has(member: T): boolean {
    return member.previous !== undefined || member === this.#first;
  }

  /** It must not be a member. */
  add(member: T): void {
    member.next = this.#first;
    if (this.#first !== undefined) this.#first.previous = member;
    this.#first = member;
  }

  /** Returns whether it was a member. */
  delete(member: T): boolean {
    if (!this.has(member)) return false;
    const { previous, next } = member;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next !== undefined) next.previous = previous;
    member.previous = undefined;
    member.next = undefined;
    return true;
  }

  /** The one that it is at may be deleted, no other. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let member = this.#first; member !== undefined; ) {
      const { next } = member;
      yield member;
      member = next;
    }
  }
}
