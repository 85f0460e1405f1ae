// The calls of the past, and the saved requests.
import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { type Key, language, t } from "../../i18n/index.ts";
import { findMethod } from "../../schema/services.ts";
import { isMemoryOnly } from "../../state/database.ts";
import { showDialog } from "../../state/dialogs.ts";
import { clearHistory, type PastCall, pastCalls, removeCall } from "../../state/history.ts";
import { openDraft, removeSaved, savedRequests } from "../../state/saved.ts";
import { isReadOnly, packages } from "../../state/services.ts";
import { openPast, rerun } from "../../state/submit.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { formatMs } from "../../ui/format.ts";
import { Tabs } from "../../ui/tabs.tsx";

type View = "calls" | "saved";

const view = signal<View>("calls");

/** Rows that are shown at once. */
const pageSize = 50;

export function HistoryDialog({ onClose }: { readonly onClose: () => void }) {
  const [query, setQuery] = useState("");
  const matches = (text: string) =>
    query
      .toLowerCase()
      .split(/\s+/)
      .every((word) => text.toLowerCase().includes(word));
  return (
    <Dialog label={t("history")} class="wide" onClose={onClose}>
      {isMemoryOnly.value && <p class="notice">{t("memoryOnly")}</p>}
      <Tabs
        label={t("history")}
        tabs={[
          { name: "calls", label: `${t("calls")} (${pastCalls.value.length})` },
          { name: "saved", label: `${t("saved")} (${savedRequests.value.length})` },
        ]}
        selected={view.value}
        onSelect={(name) => (view.value = name)}
      >
        <input
          type="search"
          class="wide-input"
          autocomplete="off"
          aria-label={t("filterHistory")}
          placeholder={t("filterHistory")}
          value={query}
          onInput={(event) => setQuery(event.currentTarget.value)}
        />
        {view.value === "calls" ? <Calls matches={matches} /> : <Saved matches={matches} />}
      </Tabs>
    </Dialog>
  );
}

interface ListProps {
  readonly matches: (text: string) => boolean;
}

function closeFrom(element: Element): void {
  element.closest("dialog")?.close();
}

function Calls({ matches }: ListProps) {
  const [shown, setShown] = useState(pageSize);
  const [compared, setCompared] = useState<readonly string[]>([]);
  const [isClearing, setIsClearing] = useState(false);
  const calls = pastCalls.value.filter(({ path, code }) => matches(`${path} ${code}`));
  // The earlier one is before.
  const [after, before] = pastCalls.value.filter(({ id }) => compared.includes(id));
  if (pastCalls.value.length === 0) return <p class="hint">{t("historyEmpty")}</p>;
  return (
    <>
      <ul class="past">
        {calls.slice(0, shown).map((call) => (
          <CallRow
            key={call.id}
            call={call}
            isCompared={compared.includes(call.id)}
            onCompare={(isCompared) => setCompared(isCompared ? [...compared.slice(-1), call.id] : compared.filter((id) => id !== call.id))}
          />
        ))}
      </ul>
      {calls.length > shown && (
        <button type="button" onClick={() => setShown(shown + pageSize)}>
          {t("more", Math.min(pageSize, calls.length - shown))}
        </button>
      )}
      <div class="row">
        <button
          type="button"
          disabled={before === undefined}
          onClick={() => {
            if (before !== undefined && after !== undefined) showDialog({ kind: "compare", before: before.id, after: after.id });
          }}
        >
          {t("compare")}
        </button>
        <span class="hint">{t("compareHint")}</span>
        <button
          type="button"
          class="quiet"
          onClick={() => {
            if (isClearing) void clearHistory();
            setIsClearing(!isClearing);
          }}
        >
          {isClearing ? t("clearSure", pastCalls.value.length) : t("clearHistory")}
        </button>
      </div>
    </>
  );
}

interface CallRowProps {
  readonly call: PastCall;
  readonly isCompared: boolean;
  readonly onCompare: (isCompared: boolean) => void;
}

function CallRow({ call, isCompared, onCompare }: CallRowProps) {
  const { path, code, at, ms, sent, received } = call;
  const name = path.slice(path.lastIndexOf("/") + 1);
  const when = new Date(at).toLocaleString(language.value === "zh" ? "zh-CN" : "en", { dateStyle: "short", timeStyle: "medium" });
  const isKnown = findMethod(packages.value, path) !== undefined;
  const [isCut, setIsCut] = useState(false);
  const run = async (act: (call: PastCall) => Promise<boolean>) => {
    const isDone = await act(call);
    setIsCut(!isDone);
    return isDone;
  };
  return (
    <li>
      <label class="check">
        <input
          type="checkbox"
          checked={isCompared}
          aria-label={t("compareOf", name, when)}
          onChange={(event) => onCompare(event.currentTarget.checked)}
        />
      </label>
      <div class="grow">
        <b>{name}</b> <span class={code === "OK" ? "code-ok" : "fault"}>{code}</span>
        <div class="hint">
          {path.slice(0, path.lastIndexOf("/"))} · {when} · {formatMs(ms)} · {t("sentReceived", sent, received)}
          {!isKnown && ` · ${t("unknownHere")}`}
        </div>
        {isCut && (
          <p class="fault" role="alert">
            {t("requestCut")}
          </p>
        )}
      </div>
      <div>
        <Action label="openRequest" of={name} isDisabled={!isKnown} run={() => run(openPast)} />
        {!isReadOnly.value && <Action label="rerun" of={name} isDisabled={!isKnown} run={() => run(rerun)} />}
        <button type="button" class="quiet" aria-label={t("removeOf", `${name}, ${when}`)} onClick={() => void removeCall(call.id)}>
          ×
        </button>
      </div>
    </li>
  );
}

interface ActionProps {
  readonly label: Key;
  readonly of: string;
  readonly isDisabled: boolean;
  /** Returns whether it has done it. */
  readonly run: () => Promise<boolean> | boolean;
}

/** Closes the dialog once it is done, so that the reader sees what has happened. */
function Action({ label, of, isDisabled, run }: ActionProps) {
  return (
    <button
      type="button"
      class="quiet"
      disabled={isDisabled}
      onClick={async ({ currentTarget }) => {
        if (await run()) closeFrom(currentTarget);
      }}
    >
      {t(label)} <span class="visually-hidden">{of}</span>
    </button>
  );
}

function Saved({ matches }: ListProps) {
  const requests = savedRequests.value.filter(({ name, path }) => matches(`${name} ${path}`));
  if (savedRequests.value.length === 0) return <p class="hint">{t("savedEmpty")}</p>;
  return (
    <ul class="past">
      {requests.map((request) => (
        <li key={request.id}>
          <div class="grow">
            <b>{request.name}</b>
            <div class="hint">{request.path}</div>
          </div>
          <div>
            <Action
              label="openRequest"
              of={request.name}
              isDisabled={findMethod(packages.value, request.path) === undefined}
              run={() => {
                openDraft(request);
                return true;
              }}
            />
            <button type="button" class="quiet" aria-label={t("removeOf", request.name)} onClick={() => void removeSaved(request.id)}>
              ×
            </button>
          </div>
        </li>
      ))}
    </ul>
  );
}
