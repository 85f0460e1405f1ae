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
          <div key={row.id}>
            <div class="row">
              <input
                type="text"
                autocomplete="off"
                spellcheck={false}
                aria-label={t("metadataKey")}
                placeholder={t("metadataKey")}
                value={row.key}
                aria-invalid={fault === "key" || fault === "reserved"}
                onInput={(event) => changeRow(row.id, { key: event.currentTarget.value })}
              />
              <input
                type="text"
                class="grow"
                autocomplete="off"
                spellcheck={false}
                aria-label={t("metadataValue")}
                placeholder={t("metadataValue")}
                value={row.value}
                aria-invalid={fault === "value" || fault === "base64" || fault === "variable"}
                onInput={(event) => changeRow(row.id, { value: event.currentTarget.value })}
              />
              <button type="button" class="quiet" aria-label={t("removeOf", row.key || t("metadata"))} onClick={() => removeRow(row.id)}>
                ×
              </button>
            </div>
            {fault !== undefined && <p class="fault">{t(faultTexts[fault])}</p>}
          </div>
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
