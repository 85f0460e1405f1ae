// A set for members that come and go all the time, as the calls of a server do.
//
// Set and Map store their members in tables, replace a table every few calls, and keep a reference
// from each old table to its successor. V8 collects young objects without examining old ones. Once
// a table is old, at the latest after the first full collection, it keeps all later tables and
// their members alive until the next full collection. Under load that is every call, and the
// collector takes up to a third of the time. Here, a member that has left the set refers to no
// other member.

/** A member. The fields belong to the set. An object is in at most one set at a time. */
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

  /** Adds an object that is not yet a member. */
  add(member: T): void {
    member.next = this.#first;
    if (this.#first !== undefined) this.#first.previous = member;
    this.#first = member;
  }

  /** Returns whether the object was a member. */
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

  /** During iteration, only the current member may be deleted. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let member = this.#first; member !== undefined; ) {
      const { next } = member;
      yield member;
      member = next;
    }
  }
}
