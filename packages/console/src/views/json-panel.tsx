// The request in JSON: an editor, with the faults below.
import { computed } from "@preact/signals";
import { t } from "../i18n/index.ts";
import { rangeOf } from "../json/range.ts";
import { pathText } from "../schema/check.ts";
import type { MethodEntry } from "../schema/services.ts";
import { faults } from "../state/faults.ts";
import { goTo } from "../state/focus.ts";
import { parsedRequest, requestText } from "../state/request.ts";
import { JsonEditor } from "./json-editor.tsx";

/** More faults than these are counted: thousands of lines do not help. */
const maxFaults = 20;

/** The faults with their places in the text. */
const marks = computed(() => {
  const { node, error } = parsedRequest.value;
  if (node === undefined) {
    const at = Math.min(error.at, Math.max(requestText.value.length - 1, 0));
    return [{ from: at, to: at + 1, message: t("jsonFault", error.message) }];
  }
  return faults.value.map(({ path, ofKey, key, values }) => ({ ...rangeOf(node, path, ofKey), message: t(key, ...values) }));
});

export function JsonPanel({ method, readOnly }: { readonly method: MethodEntry; readonly readOnly: boolean }) {
  const { error } = parsedRequest.value;
  const found = faults.value;
  return (
    <>
      <JsonEditor method={method} readOnly={readOnly} marks={marks.value} invalid={error !== undefined} />
      {error !== undefined && <p class="fault">{t("jsonFault", error.message)}</p>}
      {found.slice(0, maxFaults).map(({ path, key, values }) => (
        <p key={JSON.stringify([path, key, values])} class="fault">
          <button type="button" class="place" onClick={() => goTo(path)}>
            <span class="visually-hidden">{t("goToFault", "")}</span>
            <code>{path.length === 0 ? t("wholeRequest") : pathText(path)}</code>
          </button>{" "}
          {t(key, ...values)}
        </p>
      ))}
      {found.length > maxFaults && <p class="fault">{t("moreFaults", found.length - maxFaults)}</p>}
    </>
  );
}
