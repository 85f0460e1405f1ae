// A link to the request.
import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n/index.ts";
import { maxLinkLength } from "../../share/link.ts";
import type { Disclosure } from "../../state/metadata.ts";
import { makeLink } from "../../state/share.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { DisclosureSelect } from "./disclosure-select.tsx";

export function ShareDialog({ onClose }: { readonly onClose: () => void }) {
  const disclosure = useSignal<Disclosure>("none");
  const [link, setLink] = useState("");
  useEffect(() => {
    let isLatest = true;
    void makeLink(disclosure.value).then((made) => isLatest && setLink(made));
    return () => {
      isLatest = false;
    };
  }, [disclosure.value]);
  return (
    <Dialog label={t("shareTitle")} onClose={onClose}>
      <p class="hint">{t("shareHint")}</p>
      <DisclosureSelect choice={disclosure} />
      {disclosure.value === "all" && <p class="notice">{t("discloseWarning")}</p>}
      {link.length > maxLinkLength ? (
        <p class="fault" role="alert">
          {t("shareTooLong", link.length, maxLinkLength)}
        </p>
      ) : (
        <div class="row link">
          <input type="text" readOnly aria-label={t("link")} value={link} onFocus={(event) => event.currentTarget.select()} />
          <CopyButton text={() => link} />
        </div>
      )}
    </Dialog>
  );
}
