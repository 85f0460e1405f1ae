// Ends a call when its token expires.
import type { ServerCall } from "@grpc-study/rpc";
import { unauthenticated } from "./errors.ts";
import type { Identity } from "./identity.ts";

/** The longest delay of Node's timers. */
const longestMs = 2 ** 31 - 1;

export function endAtExpiry({ expiresAt }: Identity, call: ServerCall, toleranceS: number): void {
  if (expiresAt === undefined || call.kind === "unary") return;
  const untilMs = expiresAt.getTime() + toleranceS * 1000;
  let timer: NodeJS.Timeout;
  const wait = () => {
    const leftMs = untilMs - Date.now();
    if (leftMs <= 0) call.abort(unauthenticated("TOKEN_EXPIRED", "the bearer token has expired"));
    else timer = setTimeout(wait, Math.min(leftMs, longestMs)).unref();
  };
  wait();
  call.onEnd(() => clearTimeout(timer));
}
