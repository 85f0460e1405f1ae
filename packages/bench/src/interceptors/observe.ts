// Interceptors that only observe: they learn when a call has ended, and how.
import type { ClientInterceptor, ServerInterceptor } from "@grpc-study/rpc";

let failed = 0;

const onEnd = (error: unknown): void => {
  if (error !== undefined) failed++;
};

export const observeServer: ServerInterceptor = (call, next) => {
  call.onEnd(onEnd);
  return next();
};

export const observeClient: ClientInterceptor = (call, next) => {
  call.onEnd(onEnd);
  return next();
};

/** How many observed calls have failed. */
export const failedCalls = (): number => failed;
