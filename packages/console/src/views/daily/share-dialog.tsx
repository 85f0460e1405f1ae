// A link to the request.
import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n/index.ts";
import { maxLinkLength } from "../../share/link.ts";
import type { Disclosure } from "../../state/metadata.ts";
import { literalCredentials, makeLink } from "../../state/share.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { DisclosureSelect } from "./disclosure-select.tsx";

export function ShareDialog({ onClose }: { readonly onClose: () => void }) {
  const disclosure = useSignal<Disclosure>("none");
  const withLiterals = useSignal(false);
  const literals = disclosure.value === "all" ? literalCredentials.value : [];
  const choice = `${disclosure.value} ${withLiterals.value}`;
  const [made, setMade] = useState({ choice, link: "" });
  // The link of another choice, which may have a credential, is never shown.
  const link = made.choice === choice ? made.link : "";
  useEffect(() => {
    let isLatest = true;
    void makeLink(disclosure.value, withLiterals.value).then((text) => isLatest && setMade({ choice, link: text }));
    return () => {
      isLatest = false;
    };
  }, [choice]);
  return (
    <Dialog label={t("shareTitle")} onClose={onClose}>
      <p class="hint">{t("shareHint")}</p>
      <DisclosureSelect choice={disclosure} />
      {literals.length > 0 && (
        <>
          <p class="notice">{t(withLiterals.value ? "shareWarning" : "shareLeftOut", literals.join(", "))}</p>
          <label class="check">
            <input
              type="checkbox"
              checked={withLiterals.value}
              onChange={(event) => {
                withLiterals.value = event.currentTarget.checked;
              }}
            />{" "}
            {t("shareLiterals", literals.join(", "))}
          </label>
        </>
      )}
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
