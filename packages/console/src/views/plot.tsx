// A number of each message, plotted while the stream runs, with a table of its values in short.
import { signal } from "@preact/signals";
import { useEffect, useMemo, useReducer, useState } from "preact/hooks";
import { Slices } from "../call/slices.ts";
import { t } from "../i18n/index.ts";
import { isObject, type JsonValue } from "../json/parse.ts";
import { type NumericField, numericFields } from "../schema/numeric-fields.ts";
import type { MethodEntry } from "../schema/services.ts";
import type { CallRecord } from "../state/record.ts";
import { type Axis, type Chosen, Series } from "../state/series.ts";
import { formatCount } from "../ui/format.ts";
import { useThrottled } from "../ui/use-throttled.ts";
import type { Chart } from "./plot-chart.tsx";
import "./plot.css";

/** What the reader chose, by the paths of methods: the next call is plotted in the same way. */
const choices = signal<ReadonlyMap<string, Choice>>(new Map());

interface Choice {
  readonly y: string;
  readonly yItems: readonly string[];
  /** `arrival`, `place`, or the path of a field after a dot. */
  readonly x: string;
  readonly xItems: readonly string[];
}

export interface PlotProps {
  readonly method: MethodEntry;
  readonly record: CallRecord;
  /** Changes with the record. */
  readonly version: number;
}

export function Plot({ method, record, version }: PlotProps) {
  const fields = useMemo(() => numericFields(method.desc.output), [method]);
  const numbers = fields.filter(({ type }) => type === "number");
  const [first] = numbers;
  // A choice per render would begin a new series each time. The keys of maps are in the first message.
  const initial = useMemo(
    (): Choice => ({ y: first?.path ?? "", yItems: itemsOf(record, first), x: "arrival", xItems: [] }),
    [record, first?.path, record.latest === undefined],
  );
  if (first === undefined) return <p class="hint">{t("plotNone")}</p>;
  const choice = choices.value.get(method.path) ?? initial;
  const choose = (change: Partial<Choice>) => {
    choices.value = new Map(choices.value).set(method.path, { ...choice, ...change });
  };
  const y = numbers.find(({ path }) => path === choice.y) ?? first;
  const x = fields.find(({ path }) => `.${path}` === choice.x);
  return (
    <>
      <div class="bar">
        <label>
          {t("plotField")}{" "}
          <select
            value={y.path}
            onChange={({ currentTarget: { value } }) =>
              choose({
                y: value,
                yItems: itemsOf(
                  record,
                  numbers.find(({ path }) => path === value),
                ),
              })
            }
          >
            {numbers.map(({ path }) => (
              <option key={path}>{path}</option>
            ))}
          </select>
        </label>
        <Items field={y} items={choice.yItems} onChange={(yItems) => choose({ yItems })} />
      </div>
      <div class="bar">
        <label>
          {t("plotAxis")}{" "}
          <select
            value={choice.x}
            onChange={({ currentTarget: { value } }) =>
              choose({
                x: value,
                xItems: itemsOf(
                  record,
                  fields.find(({ path }) => `.${path}` === value),
                ),
              })
            }
          >
            <option value="arrival">{t("plotArrival")}</option>
            <option value="place">{t("plotPlace")}</option>
            {fields.map(({ path }) => (
              <option key={path} value={`.${path}`}>
                {path}
              </option>
            ))}
          </select>
        </label>
        {x !== undefined && <Items field={x} items={choice.xItems} onChange={(xItems) => choose({ xItems })} />}
      </div>
      <Drawn
        record={record}
        version={version}
        y={y}
        yItems={choice.yItems}
        x={x ?? (choice.x === "place" ? "place" : "arrival")}
        xItems={choice.xItems}
      />
    </>
  );
}

interface ItemsProps {
  readonly field: NumericField;
  readonly items: readonly string[];
  readonly onChange: (items: readonly string[]) => void;
}

/** The index or the key for each list and map of a path. */
function Items({ field, items, onChange }: ItemsProps) {
  const steps = field.steps.filter(({ kind }) => kind !== "field");
  return (
    <>
      {steps.map(({ kind }, index) => (
        <label key={index}>
          {kind === "index" ? t("plotIndex") : t("plotKey")}{" "}
          <input
            class="item-of-path"
            autocomplete="off"
            inputMode={kind === "index" ? "numeric" : "text"}
            value={items[index] ?? ""}
            onInput={({ currentTarget: { value } }) => onChange(steps.map((_, at) => (at === index ? value : (items[at] ?? ""))))}
          />
        </label>
      ))}
    </>
  );
}

interface DrawnProps {
  readonly record: CallRecord;
  readonly version: number;
  readonly y: NumericField;
  readonly yItems: readonly string[];
  readonly x: NumericField | "arrival" | "place";
  readonly xItems: readonly string[];
}

function Drawn({ record, version, y, yItems, x, xItems }: DrawnProps) {
  const series = useMemo(() => {
    const chosen: Chosen = { field: y, items: yItems };
    const axis: Axis = typeof x === "string" ? x : { field: x, items: xItems };
    return new Series(record, chosen, axis);
  }, [record, y, yItems, x, xItems]);
  const seen = useThrottled(version, 100);
  const [further, redraw] = useReducer((count: number) => count + 1, 0);
  const slices = new Slices();
  series.advance(() => slices.isOver);
  useEffect(() => {
    if (series.isComplete) return undefined;
    const frame = requestAnimationFrame(() => redraw(undefined));
    return () => cancelAnimationFrame(frame);
  });
  const points = useMemo(() => series.points, [series, seen, Math.floor(further / 10), series.isComplete]);
  const [ChartView, setChart] = useState<typeof Chart>();
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    import("./plot-chart.tsx").then(
      ({ Chart }) => setChart(() => Chart),
      (error: unknown) => setFailure(String(error)),
    );
  }, []);
  const { count, latest, min, max, mean } = series.summary;
  // A sum of many numbers has digits that mean nothing.
  const shownMean = mean === undefined ? undefined : String(Number(mean.toPrecision(12)));
  const xLabel = x === "arrival" ? t("plotArrival") : x === "place" ? t("plotPlace") : x.path;
  return (
    <>
      {failure !== undefined && <p role="alert">{t("plotFailed", failure)}</p>}
      {ChartView !== undefined && (
        <ChartView label={y.path} xLabel={xLabel} isTime={typeof x !== "string" && x.type === "time"} points={points} />
      )}
      {count === 0 && <p class="hint">{t("plotEmpty")}</p>}
      <table class="summary">
        <caption class="visually-hidden">{t("plotSummary", y.path)}</caption>
        <thead>
          <tr>
            {(["plotCount", "plotLatest", "plotMin", "plotMax", "plotMean"] as const).map((key) => (
              <th key={key} scope="col">
                {t(key)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <td>{formatCount(count)}</td>
            {[latest, min, max, shownMean].map((text, index) => (
              <td key={index}>{text ?? "–"}</td>
            ))}
          </tr>
        </tbody>
      </table>
    </>
  );
}

/** The first item of each list, and the first key of each map of the latest message. */
function itemsOf(record: CallRecord, field: NumericField | undefined): readonly string[] {
  let value: JsonValue | undefined;
  try {
    value = record.latest === undefined ? undefined : (JSON.parse(record.textOf(record.latest)) as JsonValue);
  } catch {
    value = undefined;
  }
  const items: string[] = [];
  for (const step of field?.steps ?? []) {
    const key = step.kind === "field" ? step.name : step.kind === "index" ? "0" : isObject(value) ? (Object.keys(value)[0] ?? "") : "";
    if (step.kind !== "field") items.push(key);
    value = typeof value === "object" && value !== null ? (value as { readonly [key: string]: JsonValue })[key] : undefined;
  }
  return items;
}
