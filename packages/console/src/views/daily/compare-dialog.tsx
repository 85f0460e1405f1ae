// The differences of two answers of the history.
import { signal } from "@preact/signals";
import { diffLines } from "diff";
import { useEffect, useMemo, useState } from "preact/hooks";
import { type Compared, compared, type Stored } from "../../diff/compared.ts";
import { type Difference, differences } from "../../diff/values.ts";
import { t } from "../../i18n/index.ts";
import { print } from "../../json/edit.ts";
import { type JsonValue, parseJson } from "../../json/parse.ts";
import { answerOf, type PastAnswer, type PastCall, pastCalls } from "../../state/history.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { Tabs } from "../../ui/tabs.tsx";

type View = "structure" | "text";

const view = signal<View>("structure");

/** The browser would need seconds for more. */
const maxRows = 500;
const maxLines = 5000;

interface Answer extends PastAnswer {
  readonly call: PastCall | undefined;
}

export interface CompareDialogProps {
  readonly before: string;
  readonly after: string;
  readonly onClose: () => void;
}

export function CompareDialog({ before, after, onClose }: CompareDialogProps) {
  const [answers, setAnswers] = useState<readonly (Answer | undefined)[]>();
  useEffect(() => {
    const load = async (id: string) => {
      const answer = await answerOf(id);
      return answer && { ...answer, call: pastCalls.value.find((call) => call.id === id) };
    };
    void Promise.all([load(before), load(after)]).then(setAnswers);
  }, [before, after]);
  const [old, now] = answers ?? [];
  return (
    <Dialog label={t("compareTitle")} class="wide" onClose={onClose}>
      {old !== undefined && now !== undefined && <Comparison before={old} after={now} />}
      {answers !== undefined && (old === undefined || now === undefined) && <p role="alert">{t("compareGone")}</p>}
    </Dialog>
  );
}

function Comparison({ before, after }: { readonly before: Answer; readonly after: Answer }) {
  const messages = useMemo(() => compared(storedOf(before), storedOf(after)), [before, after]);
  const status = ({ call, message }: Answer) => `${call?.code ?? ""} ${message}`.trim();
  return (
    <>
      <p>
        {t("status")}: <Change before={status(before)} after={status(after)} />
      </p>
      {messages.of !== undefined && (
        <p class="notice">{t("compareCut", Math.max(messages.before.length, messages.after.length), messages.of)}</p>
      )}
      <Tabs
        label={t("compareTitle")}
        tabs={[
          { name: "structure", label: t("byPath") },
          { name: "text", label: t("asText") },
        ]}
        selected={view.value}
        onSelect={(name) => (view.value = name)}
      >
        {view.value === "structure" ? <ByMessage {...messages} /> : <AsText {...messages} />}
      </Tabs>
    </>
  );
}

function Change({ before, after }: { readonly before: string | undefined; readonly after: string | undefined }) {
  if (before === after) return <code>{before}</code>;
  return (
    <>
      {before !== undefined && (
        <del>
          <code>{before}</code>
        </del>
      )}{" "}
      {after !== undefined && (
        <ins>
          <code>{after}</code>
        </ins>
      )}
    </>
  );
}

function storedOf({ messages, call }: Answer): Stored {
  return { messages, received: call?.received ?? messages.length };
}

function ByMessage({ before, after, of }: Compared) {
  const rows = useMemo(() => {
    const found: (Difference & { readonly index: number })[] = [];
    for (let index = 0; index < Math.max(before.length, after.length); index++) {
      if (before[index] !== after[index]) {
        for (const one of differences(jsonOf(before[index]), jsonOf(after[index]))) found.push({ ...one, index });
      }
    }
    return found;
  }, [before, after]);
  const count = Math.max(before.length, after.length);
  if (rows.length === 0) return <p role="status">{t(of === undefined ? "compareSame" : "compareSameFirst", count)}</p>;
  return (
    <>
      <p role="status">{t("compareDifferent", rows.length, new Set(rows.map(({ index }) => index)).size, count)}</p>
      <table>
        <thead>
          <tr>
            {count > 1 && <th scope="col">{t("messageNumber")}</th>}
            <th scope="col">{t("path")}</th>
            <th scope="col">{t("difference")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, maxRows).map(({ index, path, before, after }) => (
            <tr key={`${index} ${JSON.stringify(path)}`}>
              {count > 1 && <td>{index + 1}</td>}
              <td>
                <code>{path.length === 0 ? "$" : path.join(".")}</code>
              </td>
              <td>
                <Change before={textOf(before)} after={textOf(after)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > maxRows && <p class="hint">{t("shownOf", maxRows, rows.length)}</p>}
    </>
  );
}

function AsText({ before, after }: Compared) {
  const changes = useMemo(() => diffLines(printed(before), printed(after), { timeout: 2000 }), [before, after]);
  if (changes === undefined) return <p role="status">{t("compareTooLong")}</p>;
  let left = maxLines;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the focus
    <pre tabIndex={0} class="diff">
      {changes.map(({ value, added, removed }, index) => {
        const lines = value.replace(/\n$/, "").split("\n").slice(0, left);
        left -= lines.length;
        const sign = added ? "+ " : removed ? "- " : "  ";
        const text = lines.map((line) => `${sign}${line}\n`).join("");
        return added ? <ins key={index}>{text}</ins> : removed ? <del key={index}>{text}</del> : <span key={index}>{text}</span>;
      })}
      {left <= 0 && "…"}
    </pre>
  );
}

/** A text that is no JSON is compared as a string. */
function jsonOf(text: string | undefined): JsonValue | undefined {
  if (text === undefined) return undefined;
  try {
    return parseJson(text).value;
  } catch {
    return text;
  }
}

function textOf(value: JsonValue | undefined): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value).slice(0, 2000);
}

function printed(messages: readonly string[]): string {
  return messages.map((text) => `${print(jsonOf(text) ?? null)}\n`).join("");
}
