// The differences of two values of JSON, by path.
import { diffArrays } from "diff";
import { isArray, isObject, type JsonValue } from "../json/parse.ts";
import type { Path } from "../schema/check.ts";

/** A value that was removed has no `after`, one that was added no `before`. */
export interface Difference {
  readonly path: Path;
  readonly before?: JsonValue | undefined;
  readonly after?: JsonValue | undefined;
}

/** Items of arrays are aligned, so that one that was inserted is one difference. */
export function differences(before: JsonValue | undefined, after: JsonValue | undefined): readonly Difference[] {
  const found: Difference[] = [];
  compare(before, after, [], found);
  return found;
}

function compare(before: JsonValue | undefined, after: JsonValue | undefined, path: Path, found: Difference[]): void {
  if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      compare(own(before, key), own(after, key), [...path, key], found);
  } else if (isArray(before) && isArray(after)) compareItems(before, after, path, found);
  else if (before === undefined || after === undefined || canonical(before) !== canonical(after)) {
    if (before !== undefined || after !== undefined) found.push({ path, before, after });
  }
}

function compareItems(before: readonly JsonValue[], after: readonly JsonValue[], path: Path, found: Difference[]): void {
  let [old, now] = [0, 0];
  /** Items that were removed, until those that were added in their place. */
  let removed: readonly JsonValue[] = [];
  const flush = (added: readonly JsonValue[]) => {
    for (let index = 0; index < Math.max(removed.length, added.length); index++) {
      const at = index < added.length ? now + index : old - removed.length + index;
      compare(removed[index], added[index], [...path, at], found);
    }
    removed = [];
  };
  // Without a limit, two long arrays that have nothing in common take minutes.
  const changes = diffArrays(before.map(canonical), after.map(canonical), { maxEditLength: 1000 });
  if (changes === undefined) {
    removed = before;
    old = before.length;
    flush(after);
    return;
  }
  for (const { added, removed: isRemoved, count } of changes) {
    if (isRemoved) {
      removed = before.slice(old, old + count);
      old += count;
    } else if (added) {
      flush(after.slice(now, now + count));
      now += count;
    } else {
      flush([]);
      old += count;
      now += count;
    }
  }
  flush([]);
}

function own(value: { readonly [key: string]: JsonValue }, key: string): JsonValue | undefined {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The same text for objects whose keys are in another order. */
function canonical(value: JsonValue): string {
  return JSON.stringify(value, (_key, item: JsonValue) =>
    isObject(item) ? Object.fromEntries(Object.entries(item).sort(([one], [other]) => (one < other ? -1 : 1))) : item,
  );
}
