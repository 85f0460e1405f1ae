// A value that changes often, seldom enough to be shown.
import { useEffect, useState } from "preact/hooks";

/** The value, which changes at most once in `ms`. */
export function useThrottled<Value>(value: Value, ms: number): Value {
  const [state, setState] = useState({ value, at: performance.now() });
  const isDue = value !== state.value && performance.now() - state.at >= ms;
  const next = isDue ? { value, at: performance.now() } : state;
  if (isDue) setState(next);
  useEffect(() => {
    if (value === next.value) return undefined;
    const timer = setTimeout(() => setState({ value, at: performance.now() }), next.at + ms - performance.now());
    return () => clearTimeout(timer);
  });
  return next.value;
}
