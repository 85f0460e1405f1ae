// Links to requests: made from the request of the selected method, and opened from the URL. Opening one
// sends nothing.
import { computed, effect, signal } from "@preact/signals";
import { decodeLink, encodeLink } from "../share/link.ts";
import { takeDraft } from "./drafts.ts";
import { type Disclosure, deadline, disclosed, isLiteralCredential, writtenMetadata } from "./metadata.ts";
import { requestText } from "./request.ts";
import { jsonWithoutSecrets } from "./secrets.ts";
import { selectedPath, sharedPart } from "./services.ts";

/** What the page says about the link that was opened. */
export type LinkNotice =
  | { readonly kind: "opened"; readonly path: string; readonly keys: readonly string[] }
  | { readonly kind: "broken"; readonly path: string };

export const linkNotice = signal<LinkNotice | undefined>(undefined);

/** The keys of credentials that are not variables. */
export const literalCredentials = computed(() =>
  disclosed(writtenMetadata.value, "all")
    .filter(isLiteralCredential)
    .map(([key]) => key),
);

/**
 * A link to the request of the selected method, with its variables rather than their values.
 *
 * @param withLiterals whether credentials that are not variables are part of it.
 */
export async function makeLink(disclosure: Disclosure, withLiterals = false): Promise<string> {
  const metadata = disclosed(writtenMetadata.value, disclosure).filter((one) => withLiterals || !isLiteralCredential(one));
  const shared = await encodeLink({ text: jsonWithoutSecrets(requestText.value), deadline: deadline.value, metadata });
  return `${location.href.replace(/#.*/, "")}#/${selectedPath.value}?${shared}`;
}

/** Opens the link of each URL that has one. */
export function startLinks(): void {
  effect(() => {
    const shared = sharedPart.value;
    if (shared !== "") void open(selectedPath.value, shared);
  });
}

async function open(path: string, shared: string): Promise<void> {
  const request = await decodeLink(shared).catch(() => undefined);
  // The reader may have gone on.
  if (sharedPart.value !== shared || selectedPath.value !== path) return;
  if (request === undefined) linkNotice.value = { kind: "broken", path };
  else linkNotice.value = { kind: "opened", path, keys: takeDraft({ path, ...request }) };
  // A reload must not undo what the reader then changes.
  history.replaceState(history.state, "", location.hash.replace(/\?.*/, ""));
  sharedPart.value = "";
}
