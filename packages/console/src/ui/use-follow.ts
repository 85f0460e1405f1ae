// A list that follows its newest line.
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** Pixels from the end that still count as the end. */
const tolerance = 24;

/**
 * Keeps an element at its end as its content grows, unless the reader has scrolled up.
 *
 * @param content changes with the content.
 * @param returns whether the element goes to its end anyway, such as after a line of the reader's own.
 */
export function useFollow<Scrolled extends HTMLElement>(content: unknown, returns: boolean): RefObject<Scrolled | null> {
  const element = useRef<Scrolled>(null);
  const follows = useRef(true);
  useLayoutEffect(() => {
    const { current } = element;
    if (current === null) return undefined;
    const onScroll = () => {
      follows.current = current.scrollHeight - current.scrollTop - current.clientHeight < tolerance;
    };
    current.addEventListener("scroll", onScroll);
    return () => current.removeEventListener("scroll", onScroll);
  }, []);
  useLayoutEffect(() => {
    if (follows.current || returns) element.current?.scrollTo({ top: element.current.scrollHeight });
  }, [content]);
  return element;
}
