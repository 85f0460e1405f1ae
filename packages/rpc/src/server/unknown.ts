// Calls to methods that a server does not have, for its interceptors that observe them.
import type { UnknownCall } from "../transport/server.ts";
import type { ServerInterceptor } from "./context.ts";

/** Returns what tells the interceptors. Undefined if none of them observes such calls. */
export function unknownObserver(interceptors: readonly ServerInterceptor[]): ((call: UnknownCall) => void) | undefined {
  const observers = interceptors.filter(({ unknown, only }) => unknown !== undefined && only === undefined);
  if (observers.length === 0) return undefined;
  return (call) => {
    for (const { enabled, unknown } of observers) {
      try {
        if (enabled?.() !== false) unknown?.(call);
      } catch (error) {
        // The call has no context, which `onError` would need. The path is the caller's choice.
        console.error("unknown() of an interceptor:", error);
      }
    }
  };
}
