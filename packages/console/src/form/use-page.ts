// The page of a long list or map that a form shows: thousands of controls at once would be slow.
import { useReducer, useRef } from "preact/hooks";
import type { Path } from "../schema/check.ts";
import { useForm } from "./context.ts";

export const pageSize = 100;

export interface Page {
  /** The first element of the page, and the one after its last. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Shows the page with an element. */
  readonly show: (index: number) => void;
}

/**
 * @param path the path of the list or map.
 * @param indexOf the index of an element by the part of its path.
 */
export function usePage(count: number, path: Path, indexOf: (part: string | number) => number): Page {
  const { target } = useForm();
  const from = useRef(0);
  const seen = useRef<Path>(undefined);
  const [, render] = useReducer((version: number) => version + 1, 0);
  const set = (index: number) => {
    from.current = Math.floor(Math.max(0, Math.min(index, count - 1)) / pageSize) * pageSize;
  };
  // The page with the element that the reader goes to, within the same render, so that it can get the focus.
  if (target !== seen.current) {
    seen.current = target;
    const part = target !== undefined && path.every((own, depth) => own === target[depth]) ? target[path.length] : undefined;
    const index = part === undefined ? -1 : indexOf(part);
    if (index >= 0) set(index);
  }
  if (from.current >= count) set(count - 1);
  return {
    from: from.current,
    to: Math.min(from.current + pageSize, count),
    count,
    show: (index) => {
      from.current = Math.floor(Math.max(0, index) / pageSize) * pageSize;
      render(undefined);
    },
  };
}
