// The record of a stream: a line for each event, of which only the visible ones are in the page.
import type { DescMethod } from "@bufbuild/protobuf";
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import { Slices } from "../call/slices.ts";
import { type Key, t } from "../i18n/index.ts";
import { ndjson } from "../state/export.ts";
import { Lines } from "../state/lines.ts";
import type { CallRecord, Entry, EntryKind } from "../state/record.ts";
import { formatBytes, formatCount, formatMs } from "../ui/format.ts";
import { TallScroll } from "../ui/tall-scroll.ts";
import { useThrottled } from "../ui/use-throttled.ts";
import { MessageDetail } from "./message-detail.tsx";

/** The height of a line, as in the style sheet. */
const rowHeight = 28;
/** Lines above and below the visible ones. */
const margin = 10;
/** The characters of a message in its line. */
const previewLength = 200;

const names: Readonly<Record<EntryKind, Key>> = {
  request: "eventRequest",
  message: "eventMessage",
  header: "eventHeader",
  halfClose: "eventHalfClose",
  cancel: "eventCancel",
  end: "eventEnd",
};

const arrows: Readonly<Record<EntryKind, string>> = { request: "→", message: "←", header: "⇤", halfClose: "⇥", cancel: "✕", end: "■" };

export interface MessageListProps {
  readonly method: DescMethod;
  readonly record: CallRecord;
  /** Changes with the record. */
  readonly version: number;
}

export function MessageList({ method, record }: MessageListProps) {
  const [filter, setFilter] = useState("");
  /** The number after the last entry that a paused list shows. */
  const [pausedAt, setPausedAt] = useState<number>();
  const [selected, setSelected] = useState<Entry>();
  /** Whether the list shows its end as it grows. */
  const [follows, setFollows] = useState(true);
  const lines = useLines(record, filter);
  const count = pausedAt === undefined ? lines.count : lines.placeOf(pausedAt);
  const shown = useShown(record, selected, pausedAt !== undefined);

  const select = (entry: Entry | undefined) => {
    setSelected(entry);
    setFollows(entry === undefined && pausedAt === undefined);
  };
  const pause = () => {
    setPausedAt(pausedAt === undefined ? record.end : undefined);
    select(undefined);
    setFollows(pausedAt !== undefined);
  };
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
        {filter !== "" && (
          <span class="hint">
            {lines.progress < 1 ? `${Math.floor(lines.progress * 100)} % · ` : ""}
            {t("shownOf", formatCount(count), formatCount(record.end - record.first))}
          </span>
        )}
        <span class="hint">{rateOf(record)}</span>
        <button type="button" class="quiet" aria-pressed={pausedAt !== undefined} onClick={pause}>
          {pausedAt === undefined ? t("pause") : t("resume")}
        </button>
        <ExportButton record={record} />
      </div>
      {record.first > 0 && <Dropped record={record} />}
      <Window
        record={record}
        lines={lines}
        count={count}
        follows={follows}
        onFollow={setFollows}
        selected={selected}
        marked={shown?.seq}
        onSelect={select}
      />
      {pausedAt !== undefined && pausedAt < record.end && <p class="hint">{t("newer", formatCount(record.end - pausedAt))}</p>}
      {shown === undefined ? (
        <p class="hint">{t("selectMessage")}</p>
      ) : (
        <MessageDetail type={shown.kind === "request" ? method.input : method.output} text={shown.text} />
      )}
    </>
  );
}

interface WindowProps {
  readonly record: CallRecord;
  readonly lines: Lines;
  /** The lines to show. */
  readonly count: number;
  readonly follows: boolean;
  readonly onFollow: (follows: boolean) => void;
  readonly selected: Entry | undefined;
  /** The number of the entry that is shown below. */
  readonly marked: number | undefined;
  readonly onSelect: (entry: Entry | undefined) => void;
}

/** The visible lines. The arrow keys choose one. */
function Window({ record, lines, count, follows, onFollow, selected, marked, onSelect }: WindowProps) {
  const element = useRef<HTMLElement>(null);
  const scroll = useMemo(() => new TallScroll(), []);
  const last = useRef({ removed: lines.removed, lines, scrollTop: 0, focusSelected: false }).current;
  const [height, setHeight] = useState(300);
  const [, redraw] = useReducer((count: number) => count + 1, 0);

  scroll.resize(count * rowHeight, height);
  if (follows) scroll.moveTo(Number.POSITIVE_INFINITY);
  // The lines that are read keep their place while others are dropped above them.
  else if (lines === last.lines && lines.removed > last.removed) scroll.moveTo(scroll.top - (lines.removed - last.removed) * rowHeight);
  else if (scroll.top > Math.max(0, count * rowHeight - height)) scroll.moveTo(scroll.top);
  Object.assign(last, { removed: lines.removed, lines });
  const from = Math.max(0, Math.floor(scroll.top / rowHeight) - margin);
  const to = Math.min(count, Math.ceil((scroll.top + height) / rowHeight) + margin);

  useLayoutEffect(() => {
    const { current } = element;
    if (current === null) return;
    if (scroll.scrollTop !== last.scrollTop) current.scrollTop = scroll.scrollTop;
    last.scrollTop = scroll.scrollTop;
    // The elements of lines show other entries once the list has scrolled: the focus stays at the selected one.
    const { activeElement } = document;
    const isAtLine = activeElement !== current && current.contains(activeElement);
    if (last.focusSelected || isAtLine)
      (current.querySelector<HTMLElement>("[aria-pressed=true]") ?? current).focus({ preventScroll: true });
    last.focusSelected = false;
  });
  useEffect(() => {
    const { current } = element;
    if (current === null) return undefined;
    const observer = new ResizeObserver(() => setHeight(current.clientHeight));
    observer.observe(current);
    return () => observer.disconnect();
  }, []);

  /** Selects the line at a place, or else the next one in this direction that is a message. */
  const go = (place: number, step: 1 | -1) => {
    for (let at = Math.min(Math.max(place, 0), count - 1); at >= 0 && at < count; at += step) {
      const entry = record.entry(lines.seq(at));
      if (!isMessage(entry.kind)) continue;
      const top = at * rowHeight;
      if (top < scroll.top) scroll.moveTo(top);
      else if (top + rowHeight > scroll.top + height) scroll.moveTo(top + rowHeight - height);
      last.focusSelected = true;
      onSelect(entry);
      return;
    }
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const place = selected === undefined ? Math.ceil((scroll.top + (follows ? height : 0)) / rowHeight) : lines.placeOf(selected.seq);
    const page = Math.max(1, Math.floor(height / rowHeight) - 1);
    switch (event.key) {
      case "ArrowUp":
        go(place - 1, -1);
        break;
      case "ArrowDown":
        go(selected === undefined ? place : place + 1, 1);
        break;
      case "PageUp":
        go(place - page, -1);
        break;
      case "PageDown":
        go(place + page, 1);
        break;
      case "Home":
        go(0, 1);
        break;
      case "End":
        go(count - 1, -1);
        break;
      case "Escape":
        onSelect(undefined);
        element.current?.focus({ preventScroll: true });
        break;
      default:
        return;
    }
    event.preventDefault();
  };

  return (
    <section
      class="list-window"
      aria-label={t("messages")}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the focus
      tabIndex={0}
      ref={element}
      onKeyDown={onKey}
      onScroll={({ currentTarget: { scrollTop } }) => {
        if (!scroll.scrolled(scrollTop)) return;
        last.scrollTop = scrollTop;
        onFollow(scroll.isAtEnd && selected === undefined);
        redraw(undefined);
      }}
      onScrollEnd={() => {
        if (scroll.settle()) redraw(undefined);
      }}
    >
      <ol style={{ height: `${scroll.elementHeight}px` }}>
        {Array.from({ length: Math.max(0, to - from) }, (_, index) => {
          const place = from + index;
          const entry = record.entry(lines.seq(place));
          return (
            // The elements keep their order: moving them would cost more than new texts do.
            <li key={index} aria-posinset={place + 1} aria-setsize={count} style={{ top: `${place * rowHeight + scroll.shift}px` }}>
              <Row
                entry={entry}
                isSelected={entry.seq === marked}
                onSelect={() => onSelect(entry.seq === selected?.seq ? undefined : entry)}
              />
            </li>
          );
        })}
      </ol>
    </section>
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
  return isMessage(kind) ? (
    // The arrow keys lead here.
    <button type="button" tabIndex={-1} class={`line ${kind}`} aria-pressed={isSelected} onClick={onSelect}>
      {content}
    </button>
  ) : (
    <div class={`line ${kind}`}>{content}</div>
  );
}

function Dropped({ record }: { readonly record: CallRecord }) {
  const { sent, received } = record.dropped;
  const { limits } = record;
  return (
    <p class="notice">
      {t("dropped", formatCount(sent + received), formatCount(limits.entries), formatBytes(limits.bytes))} {t("droppedTotals")}
    </p>
  );
}

function ExportButton({ record }: { readonly record: CallRecord }) {
  const [isBusy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      download(await ndjson(record), "messages.ndjson");
    } finally {
      setBusy(false);
    }
  };
  return (
    <button type="button" class="quiet" disabled={isBusy || record.end === 0} onClick={() => void save()}>
      {t("export")}
    </button>
  );
}

function isMessage(kind: EntryKind): boolean {
  return kind === "request" || kind === "message";
}

/** The lines that contain a text. A long record is looked at in several frames. */
function useLines(record: CallRecord, filter: string): Lines {
  const lines = useMemo(() => new Lines(record, filter), [record, filter]);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const slices = new Slices();
  lines.advance(() => slices.isOver);
  useEffect(() => {
    if (lines.progress >= 1) return undefined;
    const frame = requestAnimationFrame(() => redraw(undefined));
    return () => cancelAnimationFrame(frame);
  });
  return lines;
}

/** The message below the list: the selected one, or the latest, which a reader cannot follow in each frame. */
function useShown(record: CallRecord, selected: Entry | undefined, isPaused: boolean): Entry | undefined {
  const frozen = useRef<number | undefined>(undefined);
  if (!isPaused) frozen.current = record.latest;
  const { current } = frozen;
  // A long message takes long to show.
  const length = current === undefined || current < record.first ? 0 : record.textOf(current).length;
  const seq = useThrottled(current, 200 + length / 100);
  const latest = useMemo(() => (seq === undefined || seq < record.first ? undefined : record.entry(seq)), [record, seq]);
  return selected ?? latest;
}

/** Messages a second: of the last second, or of the whole call once it has ended. */
function rateOf(record: CallRecord): string {
  const { received, firstAt, endAt, elapsed } = record;
  if (firstAt === undefined || received.messages < 2) return "";
  const from = endAt === undefined ? Math.max(firstAt, elapsed - 1000) : firstAt;
  const messages = received.messages - record.countsBefore(record.seqAt(from)).received;
  if (elapsed <= from) return "";
  const rate = (messages * 1000) / (elapsed - from);
  return `${rate < 10 ? rate.toFixed(1) : formatCount(Math.round(rate))}/s`;
}

function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
