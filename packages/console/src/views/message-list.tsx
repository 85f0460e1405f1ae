// The record of a stream: a line for each event, of which only the visible ones are in the page.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Key, t } from "../i18n/index.ts";
import type { CallRecord, Entry } from "../state/record.ts";
import { formatBytes, formatMs } from "../ui/format.ts";
import { MessageDetail } from "./message-detail.tsx";

/** The height of a line, as in the style sheet. */
const rowHeight = 28;
/** Lines above and below the visible ones. */
const margin = 10;
/** The characters of a message in its line. */
const previewLength = 200;

const names: Readonly<Record<Entry["kind"], Key>> = {
  request: "eventRequest",
  message: "eventMessage",
  header: "eventHeader",
  halfClose: "eventHalfClose",
  cancel: "eventCancel",
  end: "eventEnd",
};

const arrows: Readonly<Record<Entry["kind"], string>> = { request: "→", message: "←", header: "⇤", halfClose: "⇥", cancel: "✕", end: "■" };

export interface MessageListProps {
  readonly record: CallRecord;
  /** Changes with the record. */
  readonly version: number;
}

export function MessageList({ record }: MessageListProps) {
  const [filter, setFilter] = useState("");
  /** The number of entries that a paused list shows. */
  const [pausedAt, setPausedAt] = useState<number>();
  const [selected, setSelected] = useState<Entry>();
  const [scrollTop, setScrollTop] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const matching = useMatching(record, filter);
  const entries = pausedAt === undefined ? matching : matching.slice(0, pausedAt);
  const count = entries.length;
  const height = scroller.current?.clientHeight ?? 300;
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - margin);
  const last = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + margin);
  const latest = record.entries.findLast(({ kind }) => kind === "message");
  const shown = selected ?? (pausedAt === undefined ? latest : undefined);
  useEffect(() => {
    const { current } = scroller;
    if (current !== null && pausedAt === undefined && selected === undefined) current.scrollTop = current.scrollHeight;
  }, [count, pausedAt, selected]);

  return (
    <>
      <div class="bar">
        <input
          type="search"
          autocomplete="off"
          aria-label={t("filter")}
          placeholder={t("filter")}
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        {filter !== "" && <span class="hint">{t("shownOf", count, record.entries.length)}</span>}
        <span class="hint">{rateOf(record)}</span>
        <button
          type="button"
          class="quiet"
          aria-pressed={pausedAt !== undefined}
          onClick={() => {
            setPausedAt(pausedAt === undefined ? count : undefined);
            setSelected(undefined);
          }}
        >
          {pausedAt === undefined ? t("pause") : t("resume")}
        </button>
        <button type="button" class="quiet" disabled={record.entries.length === 0} onClick={() => exportEntries(record)}>
          {t("export")}
        </button>
      </div>
      <section
        class="list-window"
        aria-label={t("messages")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the focus
        tabIndex={0}
        ref={scroller}
        onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
      >
        <ol style={{ height: `${count * rowHeight}px` }}>
          {entries.slice(first, last).map((entry, index) => (
            <li key={first + index} style={{ top: `${(first + index) * rowHeight}px` }}>
              <Row entry={entry} isSelected={entry === shown} onSelect={() => setSelected(entry === selected ? undefined : entry)} />
            </li>
          ))}
        </ol>
      </section>
      {shown === undefined ? <p class="hint">{t("selectMessage")}</p> : <MessageDetail text={shown.text} />}
    </>
  );
}

interface RowProps {
  readonly entry: Entry;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
}

function Row({ entry: { kind, at, text, bytes }, isSelected, onSelect }: RowProps) {
  const content = (
    <>
      <span class="arrow" aria-hidden="true">
        {arrows[kind]}
      </span>
      <span class="at">{formatMs(at)}</span>
      <span class="what">{t(names[kind])}</span>
      <span class="preview">{text.slice(0, previewLength)}</span>
      {bytes > 0 && <span class="size">{formatBytes(bytes)}</span>}
    </>
  );
  return kind === "request" || kind === "message" ? (
    <button type="button" class={`line ${kind}`} aria-pressed={isSelected} onClick={onSelect}>
      {content}
    </button>
  ) : (
    <div class={`line ${kind}`}>{content}</div>
  );
}

/** The entries that contain a text. Each entry is looked at once. */
function useMatching(record: CallRecord, filter: string): readonly Entry[] {
  const cache = useRef({ filter: "", looked: 0, found: [] as Entry[] });
  if (filter === "") return record.entries;
  const { current } = cache;
  if (current.filter !== filter) Object.assign(current, { filter, looked: 0, found: [] });
  const text = filter.toLowerCase();
  for (; current.looked < record.entries.length; current.looked++) {
    const entry = record.entries[current.looked];
    if (entry?.text.toLowerCase().includes(text)) current.found.push(entry);
  }
  return current.found;
}

/** Messages a second, since the first one. */
function rateOf({ received, firstAt, endAt, entries }: CallRecord): string {
  const last = endAt ?? entries.at(-1)?.at;
  if (firstAt === undefined || last === undefined || last <= firstAt || received.messages < 2) return "";
  const rate = ((received.messages - 1) * 1000) / (last - firstAt);
  return `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`;
}

/** Saves the record as a file with one line of JSON for each entry. */
function exportEntries({ entries }: CallRecord): void {
  const lines = entries.map(
    ({ kind, at, text }) => `{"kind":"${kind}","ms":${at.toFixed(3)}${text === "" ? "" : `,"message":${text.replace(/\n\s*/g, "")}`}}\n`,
  );
  const url = URL.createObjectURL(new Blob(lines, { type: "application/x-ndjson" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = "messages.ndjson";
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
