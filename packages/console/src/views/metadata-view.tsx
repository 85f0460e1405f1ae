// What is sent with every call: authorization, deadline, metadata.
import { type Key, t } from "../i18n/index.ts";
import {
  addRow,
  authorization,
  changeRow,
  deadline,
  deadlineFault,
  faultOf,
  type MetadataFault,
  remember,
  removeRow,
  rows,
} from "../state/metadata.ts";
import { PairRow } from "../ui/pair-row.tsx";

const faultTexts: Readonly<Record<MetadataFault, Key>> = {
  variable: "faultVariable",
  key: "faultKey",
  reserved: "faultReserved",
  value: "faultValue",
  base64: "faultBase64",
};

export function MetadataView() {
  const authorizationFault = faultOf({ key: "authorization", value: authorization.value });
  return (
    <section aria-label={t("metadata")} class="metadata">
      <h2>{t("metadata")}</h2>
      <p class="hint">{t("metadataAll")}</p>
      <div class="row">
        <label class="grow">
          {t("authorization")}
          <input
            type="text"
            class="secret"
            autocomplete="off"
            spellcheck={false}
            placeholder={t("authorizationHint")}
            value={authorization.value}
            aria-invalid={authorizationFault !== undefined}
            onInput={(event) => {
              authorization.value = event.currentTarget.value;
            }}
          />
        </label>
        <label>
          {t("deadline")}
          <input
            type="text"
            inputMode="numeric"
            class="number"
            autocomplete="off"
            placeholder={t("deadlineHint")}
            value={deadline.value}
            aria-invalid={deadlineFault.value}
            onInput={(event) => {
              deadline.value = event.currentTarget.value;
            }}
          />
        </label>
      </div>
      {authorizationFault !== undefined && <p class="fault">{t(faultTexts[authorizationFault])}</p>}
      {deadlineFault.value && <p class="fault">{t("faultDeadline")}</p>}
      {rows.value.map((row) => {
        const fault = faultOf(row);
        return (
          <PairRow
            key={row.id}
            name={{
              label: t("metadataKey"),
              value: row.key,
              isInvalid: fault === "key" || fault === "reserved",
              onInput: (key) => changeRow(row.id, { key }),
            }}
            value={{
              label: t("metadataValue"),
              value: row.value,
              isInvalid: fault === "value" || fault === "base64" || fault === "variable",
              onInput: (value) => changeRow(row.id, { value }),
            }}
            removeLabel={t("removeOf", row.key || t("metadata"))}
            onRemove={() => removeRow(row.id)}
            fault={fault && t(faultTexts[fault])}
          />
        );
      })}
      <button type="button" onClick={addRow}>
        {t("addMetadata")}
      </button>
      <p>
        <label class="check">
          <input
            type="checkbox"
            checked={remember.value}
            onChange={(event) => {
              remember.value = event.currentTarget.checked;
            }}
          />{" "}
          {t("remember")}
        </label>
      </p>
      {remember.value && <p class="hint">{t("rememberHint")}</p>}
    </section>
  );
}
