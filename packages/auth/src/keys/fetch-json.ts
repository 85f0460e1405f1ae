// Requests a small JSON document.
import { within } from "../within.ts";
import { type RemoteSettings, shownUrl } from "./options.ts";

/** The longest document, in bytes. The keys of large issuers take less than 20 KiB. */
const maxBytes = 1 << 20;

/**
 * @returns the object in the response.
 * @throws Error that names the URL, if the response is not an object in JSON with status 200.
 */
export async function fetchJson(url: URL, { fetch: send, timeoutMs }: RemoteSettings): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await within(timeoutMs, "response", (signal) => request(url, send, signal));
  } catch (cause) {
    throw new Error(`cannot load ${shownUrl(url)}: ${reasonOf(cause)}`, { cause });
  }
}

async function request(url: URL, send: typeof fetch, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
  const headers = { accept: "application/json, application/jwk-set+json" };
  const response = await send(url, { headers, redirect: "error", signal });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`HTTP status ${response.status}`);
  }
  const value: unknown = JSON.parse(await limitedText(response));
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("the response is not an object");
  return value as Record<string, unknown>;
}

async function limitedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (bytes > maxBytes) throw new Error(`the response is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message} (${cause.message || (cause as NodeJS.ErrnoException).code})` : message;
}
