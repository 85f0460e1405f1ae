// How much of the metadata a link or a copy contains.
import type { Signal } from "@preact/signals";
import { t } from "../../i18n/index.ts";
import type { Disclosure } from "../../state/metadata.ts";

export function DisclosureSelect({ choice }: { readonly choice: Signal<Disclosure> }) {
  return (
    <label>
      <span class="hint">{t("metadata")}</span>{" "}
      <select
        value={choice.value}
        onChange={(event) => {
          choice.value = event.currentTarget.value as Disclosure;
        }}
      >
        <option value="none">{t("discloseNone")}</option>
        <option value="plain">{t("disclosePlain")}</option>
        <option value="all">{t("discloseAll")}</option>
      </select>
    </label>
  );
}
