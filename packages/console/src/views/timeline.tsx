// The waterfall of a call: when each message went and came, with the header, the half-close and the end.
import { useMemo, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import type { CallRecord } from "../state/record.ts";
import { type Mark, marksOf, zoomed } from "../state/timeline.ts";
import { formatCount, formatMs } from "../ui/format.ts";
import { useThrottled } from "../ui/use-throttled.ts";
import "./timeline.css";

/** Heights of the picture, in pixels. */
const laneHeight = 56;
const labelHeight = 16;
const ticks = [0, 0.25, 0.5, 0.75, 1];

export interface TimelineProps {
  readonly record: CallRecord;
  /** Changes with the record. */
  readonly version: number;
}

export function Timeline({ record, version }: TimelineProps) {
  /** `undefined`: the whole call. */
  const [range, setRange] = useState<readonly [number, number]>();
  /** The time that the reader points at. */
  const [cursor, setCursor] = useState<number>();
  const seen = useThrottled(version, 100);
  const whole = useMemo(() => Math.max(record.elapsed, 0.01), [record, seen]);
  const [from, to] = range ?? [0, whole];
  const marks = useMemo(() => marksOf(record, from, to), [record, seen, from, to]);
  const at = cursor === undefined ? -1 : nearest(marks, cursor);
  const current = marks[at];
  const point = (mark: Mark | undefined) => setCursor(mark && (mark.from + mark.to) / 2);
  const zoom = (factor: number) => setRange(zoomed([from, to], cursor ?? (from + to) / 2, factor, whole));

  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowLeft") point(marks[at < 0 ? marks.length - 1 : Math.max(0, at - 1)]);
    else if (event.key === "ArrowRight") point(marks[Math.min(marks.length - 1, at + 1)]);
    else if (event.key === "Home") point(marks[0]);
    else if (event.key === "End") point(marks.at(-1));
    else if (event.key === "+" || event.key === "=") zoom(0.5);
    else if (event.key === "-") zoom(2);
    else if (event.key === "0") setRange(undefined);
    else return;
    event.preventDefault();
  };
  return (
    <div class="timeline">
      <div class="bar">
        <span class="hint grow">{current === undefined ? t("timelineHint") : textOf(current)}</span>
        <button type="button" class="quiet" aria-label={t("zoomIn")} title={t("zoomIn")} onClick={() => zoom(0.5)}>
          +
        </button>
        <button type="button" class="quiet" aria-label={t("zoomOut")} title={t("zoomOut")} onClick={() => zoom(2)}>
          −
        </button>
        <button type="button" class="quiet" disabled={range === undefined} onClick={() => setRange(undefined)}>
          {t("zoomAll")}
        </button>
      </div>
      <div
        role="slider"
        tabIndex={0}
        aria-label={t("timeline")}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, marks.length - 1)}
        aria-valuenow={Math.max(0, at)}
        aria-valuetext={current === undefined ? t("timelineHint") : textOf(current)}
        onKeyDown={onKey}
        onPointerMove={(event) => {
          const { left, width } = event.currentTarget.getBoundingClientRect();
          if (width > 0) setCursor(from + ((event.clientX - left) / width) * (to - from));
        }}
      >
        <Picture record={record} from={from} to={to} marks={marks} current={current} />
      </div>
    </div>
  );
}

interface PictureProps {
  readonly record: CallRecord;
  readonly from: number;
  readonly to: number;
  readonly marks: readonly Mark[];
  readonly current: Mark | undefined;
}

function Picture({ record, from, to, marks, current }: PictureProps) {
  const share = (ms: number) => `${Math.min(100, Math.max(0, ((ms - from) / (to - from)) * 100)).toFixed(3)}%`;
  const lanes = [
    { kind: "sent", label: t("sent"), most: Math.max(1, ...marks.map(({ sent }) => sent)) },
    { kind: "received", label: t("received"), most: Math.max(1, ...marks.map(({ received }) => received)) },
  ] as const;
  const events = [
    { label: t("eventHeader"), at: record.headerAt },
    { label: t("eventFirst"), at: record.firstAt },
    { label: t("eventHalfClose"), at: record.halfCloseAt },
    { label: t("eventEnd"), at: record.endAt },
  ].flatMap(({ label, at }) => (at !== undefined && at >= from && at <= to ? { label, at } : []));
  const top = events.length * labelHeight;
  const bottom = top + lanes.length * (laneHeight + labelHeight);
  const { dropped } = record;
  return (
    <svg aria-hidden="true" width="100%" height={bottom + 2 * labelHeight}>
      {dropped.sent + dropped.received > 0 && (
        <rect class="dropped" x={share(0)} y={top} width={share(record.atOf(record.first))} height={bottom - top} />
      )}
      {current !== undefined && (
        <line class="cursor" x1={share((current.from + current.to) / 2)} x2={share((current.from + current.to) / 2)} y1={top} y2={bottom} />
      )}
      {lanes.map(({ kind, label, most }, lane) => {
        const base = top + (lane + 1) * (laneHeight + labelHeight);
        return (
          <g key={kind} class={kind}>
            <text x="2" y={base - laneHeight - 3}>
              {label}
              {most > 1 && ` (${t("atMost", formatCount(most))})`}
            </text>
            <line class="base" x1="0" x2="100%" y1={base} y2={base} />
            {marks.map((mark, index) => {
              if (mark[kind] === 0) return null;
              // One message of many must be visible, too.
              const height = Math.max(3, (mark[kind] / most) * laneHeight);
              const width = mark.from === mark.to ? "2" : `${(((mark.to - mark.from) / (to - from)) * 100).toFixed(3)}%`;
              return (
                <rect
                  key={index}
                  class={mark === current ? "current" : ""}
                  x={share(mark.from)}
                  y={base - height}
                  width={width}
                  height={height}
                />
              );
            })}
          </g>
        );
      })}
      {events.map(({ label, at }, index) => (
        <g key={label} class="event">
          <line x1={share(at)} x2={share(at)} y1={index * labelHeight + 2} y2={bottom} />
          <text x={share(at)} y={(index + 1) * labelHeight - 4} {...anchored((at - from) / (to - from))}>
            {label} {formatMs(at)}
          </text>
        </g>
      ))}
      {ticks.map((tick) => (
        <text
          key={tick}
          class="tick"
          x={`${tick * 100}%`}
          y={bottom + labelHeight}
          text-anchor={tick === 0 ? "start" : tick === 1 ? "end" : "middle"}
        >
          {formatMs(from + tick * (to - from))}
        </text>
      ))}
    </svg>
  );
}

/** A text beside its line, on the side that has room. */
function anchored(share: number): { readonly "text-anchor": "start" | "end"; readonly dx: number } {
  return share < 0.5 ? { "text-anchor": "start", dx: 4 } : { "text-anchor": "end", dx: -4 };
}

function nearest(marks: readonly Mark[], at: number): number {
  let best = -1;
  let distance = Number.POSITIVE_INFINITY;
  for (const [index, { from, to }] of marks.entries()) {
    const own = Math.abs((from + to) / 2 - at);
    if (own < distance) [best, distance] = [index, own];
  }
  return best;
}

function textOf({ from, to, sent, received }: Mark): string {
  const time = from === to ? formatMs(from) : `${formatMs(from)} – ${formatMs(to)}`;
  return t("timelineAt", time, formatCount(sent), formatCount(received));
}
