// The request: as a form or in JSON, and the buttons that send it.
import { hasRequestStream } from "../call/call.ts";
import { Form } from "../form/form.tsx";
import { t } from "../i18n/index.ts";
import type { MethodEntry } from "../schema/services.ts";
import { cancel, canSend, currentCall, halfClose, isRunning, send, start } from "../state/calls.ts";
import { faults } from "../state/faults.ts";
import { goTo, requestView, target } from "../state/focus.ts";
import { metadataIsValid } from "../state/metadata.ts";
import { parsedRequest, requestText, resetRequest, setRequest } from "../state/request.ts";
import { checkedRules, rules } from "../state/rules.ts";
import { registry } from "../state/services.ts";
import { Tabs } from "../ui/tabs.tsx";
import { JsonPanel } from "./json-panel.tsx";

export function RequestView({ method, readOnly }: { readonly method: MethodEntry; readonly readOnly: boolean }) {
  const { node } = parsedRequest.value;
  const found = faults.value;
  const { error } = checkedRules.value;
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || readOnly) return;
    event.preventDefault();
    submit(method);
  };
  return (
    <section aria-label={t("request")} onKeyDownCapture={onKey}>
      <div class="bar">
        <h2>{t("request")}</h2>
        <button type="button" class="quiet" onClick={resetRequest}>
          {t("reset")}
        </button>
      </div>
      <Tabs
        label={t("request")}
        tabs={[
          { name: "form", label: t("form") },
          { name: "json", label: t("json") },
        ]}
        selected={requestView.value}
        onSelect={(name) => (requestView.value = name)}
      >
        {requestView.value === "json" ? (
          <JsonPanel method={method} readOnly={readOnly} />
        ) : node === undefined ? (
          <p class="fault">
            {t("jsonFault", parsedRequest.value.error.message)} {t("formHidden")}
          </p>
        ) : (
          <Form
            message={method.desc.input}
            value={node.value}
            onChange={setRequest}
            registry={registry.value}
            faults={found}
            rulesOf={rules.value?.rulesOf}
            target={target.value}
            goTo={goTo}
          />
        )}
      </Tabs>
      {found[0] !== undefined && (
        <p class="hint">
          <button type="button" class="place" onClick={() => found[0] && goTo(found[0].path)}>
            {t("faults", found.length)}
          </button>
          . {t("sendAnyway")}
        </p>
      )}
      {error !== undefined && <p class="hint">{t("rulesFailed", error)}</p>}
      {!readOnly && <Buttons method={method} />}
    </section>
  );
}

/** Whether the method's call takes messages now. */
function isOpenFor(method: MethodEntry): boolean {
  return canSend.value && currentCall.value?.method.path === method.path;
}

/** Sends the request: in a new call, or in the one that is open. */
function submit(method: MethodEntry): void {
  const { node } = parsedRequest.value;
  if (node === undefined || !metadataIsValid.value) return;
  if (isOpenFor(method)) send(requestText.value);
  else start(method, requestText.value);
}

function Buttons({ method }: { readonly method: MethodEntry }) {
  const isStream = hasRequestStream(method.kind);
  const isInvalid = parsedRequest.value.node === undefined || !metadataIsValid.value;
  const isOwn = isRunning.value && currentCall.value?.method.path === method.path;
  return (
    <div class="buttons">
      <button type="button" class="primary" disabled={isInvalid} title={t("callHint")} onClick={() => submit(method)}>
        {isStream ? t("send") : t("call")}
      </button>
      {isStream && !isOwn && (
        <button type="button" disabled={!metadataIsValid.value} onClick={() => start(method)}>
          {t("open")}
        </button>
      )}
      {isStream && (
        <button type="button" disabled={!isOpenFor(method)} onClick={halfClose}>
          {t("halfClose")}
        </button>
      )}
      <button type="button" disabled={!isOwn} onClick={cancel}>
        {t("cancel")}
      </button>
      <kbd>{t("callHint")}</kbd>
    </div>
  );
}
