// The status of a call, with the details of its error.
import { codeNumber, type Status } from "../call/status.ts";
import { t } from "../i18n/index.ts";
import type { JsonValue } from "../json/parse.ts";
import { reported } from "../state/faults.ts";
import { goTo } from "../state/focus.ts";
import type { CallRecord } from "../state/record.ts";
import { formatMs } from "../ui/format.ts";
import { JsonTree } from "../ui/json-tree.tsx";

/** The details below have all of them. */
const maxViolations = 50;

export interface StatusViewProps {
  readonly status: Status | undefined;
  readonly record: CallRecord;
  /** Changes with the record. */
  readonly version: number;
}

export function StatusView({ status, record }: StatusViewProps) {
  if (status === undefined) {
    return (
      <p class="status running" role="status">
        {record.headerAt !== undefined || record.firstAt !== undefined ? t("running") : t("waiting")}
      </p>
    );
  }
  const { code, message, details, local } = status;
  return (
    <>
      <p class={code === "OK" ? "status ok" : "status error"} role="status">
        <b>
          {codeNumber(code)} {code}
        </b>{" "}
        <span class="message">{local && code === "CANCELLED" ? t("cancelledHere") : message}</span>{" "}
        {record.endAt !== undefined && <span class="time">{formatMs(record.endAt)}</span>}
      </p>
      {local && <p class="hint">{t("local")}</p>}
      <Violations />
      {details.length > 0 && (
        <section aria-label={t("details")}>
          <h3>{t("details")}</h3>
          {details.map(({ type, value, debug }, index) => (
            <div key={index} class="detail">
              <p>
                <code>{type}</code>
              </p>
              {debug === undefined ? (
                <p>
                  {t("anyUnknown")} <code>{value}</code>
                </p>
              ) : (
                <JsonTree label={type} value={debug as JsonValue} />
              )}
            </div>
          ))}
        </section>
      )}
    </>
  );
}

/** What the server says about fields of the request, with links to these. */
function Violations() {
  const { violations } = reported.value;
  if (violations.length === 0) return null;
  return (
    <ul class="violations" aria-label={t("violations")}>
      {violations.slice(0, maxViolations).map(({ path, field, text }, index) => (
        <li key={index}>
          {path === undefined ? (
            <code>{field}</code>
          ) : (
            <button type="button" class="place" onClick={() => goTo(path)}>
              <span class="visually-hidden">{t("goToFault", "")}</span>
              <code>{field === "" ? t("wholeRequest") : field}</code>
            </button>
          )}{" "}
          {text}
        </li>
      ))}
    </ul>
  );
}
