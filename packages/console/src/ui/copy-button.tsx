// A button that copies a text.
import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";

/** Milliseconds for which the button says that it has copied. */
const shownMs = 1500;

export function CopyButton({ text }: { readonly text: () => string }) {
  const [copied, setCopied] = useState(false);
  // Only pages with TLS or on loopback have a clipboard.
  if (navigator.clipboard === undefined) return null;
  return (
    <button
      type="button"
      class="quiet"
      onClick={async () => {
        await navigator.clipboard.writeText(text());
        setCopied(true);
        setTimeout(() => setCopied(false), shownMs);
      }}
    >
      {copied ? t("copied") : t("copy")}
    </button>
  );
}
