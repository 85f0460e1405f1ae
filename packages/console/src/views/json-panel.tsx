// The request in JSON, with its faults below.
import { t } from "../i18n/index.ts";
import type { MethodEntry } from "../schema/services.ts";
import { parsedRequest, requestFaults, requestText, setRequestText } from "../state/request.ts";

export function JsonPanel({ method }: { readonly method: MethodEntry }) {
  const { error } = parsedRequest.value;
  return (
    <>
      <textarea
        class="code"
        rows={14}
        spellcheck={false}
        aria-label={`${t("jsonEditor")}: ${method.desc.input.typeName}`}
        aria-invalid={error !== undefined}
        value={requestText.value}
        onInput={(event) => setRequestText(event.currentTarget.value)}
      />
      {error !== undefined && <p class="fault">{t("jsonFault", error.message)}</p>}
      {requestFaults.value.map(({ path, key, values }) => (
        <p key={JSON.stringify([path, key])} class="fault">
          <code>{path.join(".")}</code> {t(key, ...values)}
        </p>
      ))}
    </>
  );
}
