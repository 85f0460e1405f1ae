// The request: as a form or in JSON, and the buttons that send it.
import type { ComponentChildren } from "preact";
import { hasRequestStream } from "../call/call.ts";
import { Form } from "../form/form.tsx";
import { t } from "../i18n/index.ts";
import type { MethodEntry } from "../schema/services.ts";
import { cancel, currentCall, halfClose, isRunning, start } from "../state/calls.ts";
import { showDialog } from "../state/dialogs.ts";
import { replaced, undoDraft } from "../state/drafts.ts";
import { faults } from "../state/faults.ts";
import { goTo, requestView, target } from "../state/focus.ts";
import { metadataIsValid } from "../state/metadata.ts";
import { outgoingText, parsedRequest, resetRequest, setRequest } from "../state/request.ts";
import { checkedRules, rules } from "../state/rules.ts";
import { registry } from "../state/services.ts";
import { linkNotice } from "../state/share.ts";
import { isOpenFor, submit } from "../state/submit.ts";
import { Tabs } from "../ui/tabs.tsx";
import { JsonPanel } from "./json-panel.tsx";

export function RequestView({ method, readOnly }: { readonly method: MethodEntry; readonly readOnly: boolean }) {
  const { node } = parsedRequest.value;
  const found = faults.value;
  const { error } = checkedRules.value;
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || readOnly) return;
    event.preventDefault();
    if (event.target instanceof HTMLInputElement && event.target.closest(".map-key") !== null) {
      // The key of an entry takes effect when the reader leaves it.
      event.target.blur();
      event.target.focus();
      if (event.target.ariaInvalid === "true") return;
    }
    submit(method);
  };
  return (
    <section aria-label={t("request")} onKeyDownCapture={onKey}>
      <div class="bar">
        <h2>{t("request")}</h2>
        <button type="button" class="quiet" onClick={() => showDialog({ kind: "save" })}>
          {t("save")}
        </button>
        <button type="button" class="quiet" onClick={() => showDialog({ kind: "share" })}>
          {t("share")}
        </button>
        <button type="button" class="quiet" onClick={() => showDialog({ kind: "copy" })}>
          {t("copyAs")}
        </button>
        <button type="button" class="quiet" onClick={resetRequest}>
          {t("reset")}
        </button>
      </div>
      <LinkNotice path={method.path} />
      <ReplacedNotice path={method.path} />
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
          {t("sentenceEnd")}
          {t(outgoingText.value === undefined ? "notSent" : "sendAnyway")}
        </p>
      )}
      {error !== undefined && <p class="hint">{t("rulesFailed", error)}</p>}
      {!readOnly && <Buttons method={method} />}
    </section>
  );
}

/** What a link has brought. */
function LinkNotice({ path }: { readonly path: string }) {
  const notice = linkNotice.value;
  if (notice === undefined || notice.path !== path) return null;
  const isBroken = notice.kind === "broken";
  const keys = isBroken ? [] : notice.keys;
  return (
    <Notice
      role={isBroken ? "alert" : "status"}
      onClose={() => {
        linkNotice.value = undefined;
      }}
    >
      {isBroken ? t("linkBroken") : t("linkOpened")} {keys.length > 0 && t("linkMetadata", keys.join(", "))}
    </Notice>
  );
}

/** Whether a link, a saved request or one of the history has replaced what the reader had typed. */
function ReplacedNotice({ path }: { readonly path: string }) {
  if (replaced.value?.path !== path) return null;
  return (
    <Notice
      role="status"
      onClose={() => {
        replaced.value = undefined;
      }}
    >
      {t("replaced")}{" "}
      <button type="button" onClick={undoDraft}>
        {t("undo")}
      </button>
    </Notice>
  );
}

interface NoticeProps {
  readonly role: "alert" | "status";
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

function Notice({ role, onClose, children }: NoticeProps) {
  return (
    <div class="notice row" role={role}>
      <span class="grow">{children}</span>
      <button type="button" class="quiet" aria-label={t("close")} onClick={onClose}>
        ×
      </button>
    </div>
  );
}

function Buttons({ method }: { readonly method: MethodEntry }) {
  const isStream = hasRequestStream(method.kind);
  const isInvalid = outgoingText.value === undefined || !metadataIsValid.value;
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
