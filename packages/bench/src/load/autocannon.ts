// autocannon, the HTTP/1.1 load without h2load. It runs on Node and is slower than the servers, so
// ratios come out too small.
import autocannon from "autocannon";
import type { Load } from "./h2load.ts";

/** Requests per second. Rejects if a response has a status other than 2xx. */
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
    throw new Error(`${url}: ${non2xx} responses were not 2xx, ${errors} requests failed`);
  return requests.average;
}
