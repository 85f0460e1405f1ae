// The call: its status, messages, header and trailer, times and sizes.
import type { DescMessage } from "@bufbuild/protobuf";
import { signal } from "@preact/signals";
import { hasRequestStream, hasResponseStream } from "../call/call.ts";
import type { Metadata } from "../call/types.ts";
import { t } from "../i18n/index.ts";
import { type CurrentCall, recordVersion } from "../state/calls.ts";
import type { CallRecord, Totals } from "../state/record.ts";
import { formatBytes, formatMs } from "../ui/format.ts";
import { Tabs } from "../ui/tabs.tsx";
import { MessageDetail } from "./message-detail.tsx";
import { MessageList } from "./message-list.tsx";
import { Plot } from "./plot.tsx";
import { StatusView } from "./status-view.tsx";
import { Timeline } from "./timeline.tsx";

type View = "messages" | "plot" | "header" | "trailer" | "times";

const view = signal<View>("messages");

export function ResponseView({ call }: { readonly call: CurrentCall | undefined }) {
  return (
    <section aria-label={t("response")} class="response">
      <h2>{t("response")}</h2>
      {call === undefined ? <p class="hint">{t("noResponse")}</p> : <Response call={call} version={recordVersion.value} />}
    </section>
  );
}

/** A record grows in place: `version` changes with it, so that the views follow. */
interface RecordProps {
  readonly record: CallRecord;
  readonly version: number;
}

function Response({ call: { method, record }, version }: { readonly call: CurrentCall } & Pick<RecordProps, "version">) {
  const { header, trailer, status } = record;
  const isStream = hasRequestStream(method.kind) || hasResponseStream(method.kind);
  // Only streams have a plot.
  const selected = view.value === "plot" && !isStream ? "messages" : view.value;
  const label = (name: string, metadata: Metadata | undefined) => (metadata === undefined ? name : `${name} (${metadata.length})`);
  return (
    <>
      <StatusView status={status} record={record} version={version} />
      <Tabs
        label={t("response")}
        tabs={[
          { name: "messages", label: isStream ? `${t("messages")} (${record.received.messages})` : t("messages") },
          ...(isStream ? [{ name: "plot", label: t("plot") } as const] : []),
          { name: "header", label: label(t("header"), header) },
          { name: "trailer", label: label(t("trailer"), trailer) },
          { name: "times", label: t("times") },
        ]}
        selected={selected}
        onSelect={(name) => (view.value = name)}
      >
        {selected === "messages" &&
          (isStream ? (
            <MessageList key={recordId(record)} method={method.desc} record={record} version={version} />
          ) : (
            <Single type={method.desc.output} record={record} version={version} />
          ))}
        {selected === "plot" && <Plot key={recordId(record)} method={method} record={record} version={version} />}
        {selected === "header" && <MetadataTable metadata={header} />}
        {selected === "trailer" && <MetadataTable metadata={trailer} />}
        {selected === "times" && <Times record={record} version={version} />}
      </Tabs>
    </>
  );
}

const ids = new WeakMap<CallRecord, number>();
let nextId = 0;

/** A key of a record, so that each call begins with a new list. */
function recordId(record: CallRecord): number {
  const id = ids.get(record) ?? nextId++;
  ids.set(record, id);
  return id;
}

function Single({ type, record }: RecordProps & { readonly type: DescMessage }) {
  if (record.latest !== undefined) return <MessageDetail type={type} text={record.textOf(record.latest)} />;
  return <p class="hint">{record.status === undefined ? t("waiting") : t("none")}</p>;
}

function MetadataTable({ metadata }: { readonly metadata: Metadata | undefined }) {
  if (metadata === undefined || metadata.length === 0) return <p class="hint">{t("none")}</p>;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{t("metadataKey")}</th>
          <th scope="col">{t("metadataValue")}</th>
        </tr>
      </thead>
      <tbody>
        {metadata.map(([key, value], index) => (
          <tr key={index}>
            <td>
              <code>{key}</code>
            </td>
            <td>
              <code>{value}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Times({ record, version }: RecordProps) {
  const ms = (value: number | undefined) => (value === undefined ? "–" : formatMs(value));
  const totals = ({ messages, bytes }: Totals) => t("messageCount", messages, formatBytes(bytes));
  return (
    <>
      <Timeline key={recordId(record)} record={record} version={version} />
      <dl>
        <dt>{t("timeHeader")}</dt>
        <dd>{ms(record.headerAt)}</dd>
        <dt>{t("timeFirst")}</dt>
        <dd>{ms(record.firstAt)}</dd>
        <dt>{t("timeHalfClose")}</dt>
        <dd>{ms(record.halfCloseAt)}</dd>
        <dt>{t("timeEnd")}</dt>
        <dd>{ms(record.endAt)}</dd>
        <dt>{t("sent")}</dt>
        <dd>{totals(record.sent)}</dd>
        <dt>{t("received")}</dt>
        <dd>{totals(record.received)}</dd>
      </dl>
    </>
  );
}
