// autocannon, for HTTP/1.1 where h2load is missing. It is written for Node, and so is slower than what it loads: ratios come out too small.
import autocannon from "autocannon";
import type { Load } from "./h2load.ts";

/** Requests a second. Rejects if one was not answered with a status of 2xx. */
export async function runAutocannon({
  url,
  body,
  headers = {},
  milliseconds,
  connections,
}: Omit<Load, "streams" | "http1">): Promise<number> {
  const duration = Math.max(1, milliseconds / 1000);
  const { requests, non2xx, errors } = await autocannon({
    url,
    connections,
    duration,
    headers,
    ...(body !== undefined && { method: "POST", body }),
  });
  if (non2xx > 0 || errors > 0 || requests.total === 0)
    throw new Error(`${url}: ${non2xx} answers were not 2xx, ${errors} requests failed`);
  return requests.average;
}
