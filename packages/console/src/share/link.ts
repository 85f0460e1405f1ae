// A request as a part of a URL: JSON, compressed (deflate-raw), in base64url.
import type { Metadata } from "../call/types.ts";
import { fromBase64, toBase64 } from "../json/bytes.ts";
import { isPairs, isText } from "../json/is-text.ts";

export interface SharedRequest {
  readonly text: string;
  readonly deadline: string;
  readonly metadata: Metadata;
}

/** Chat programs and mail cut longer URLs. */
export const maxLinkLength = 16_000;

/** A short link may expand to far more. */
const maxText = 1_000_000;

/** The link does not contain a request. */
export class LinkError extends Error {
  static {
    LinkError.prototype.name = "LinkError";
  }
}

export async function encodeLink({ text, deadline, metadata }: SharedRequest): Promise<string> {
  const json = JSON.stringify({ t: text, ...(deadline !== "" && { d: deadline }), ...(metadata.length > 0 && { m: metadata }) });
  const packed = new Blob([json]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** @throws LinkError if the text is not one of `encodeLink`. */
export async function decodeLink(text: string): Promise<SharedRequest> {
  let found: unknown;
  try {
    const packed = new Blob([fromBase64(text)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    found = JSON.parse(await readText(packed));
  } catch (cause) {
    throw new LinkError("the link is cut off or was changed", { cause });
  }
  const { t, d = "", m = [] } = (found ?? {}) as { readonly [key: string]: unknown };
  if (!isText(t) || !isText(d) || !isPairs(m)) throw new LinkError("the link is of another version of this page");
  return { text: t, deadline: d, metadata: m };
}

async function readText(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > maxText) throw new RangeError("the text is too long");
  }
  return text + decoder.decode();
}
