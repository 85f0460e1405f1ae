// How a call of a tutorial has ended.
import { codeNumber, type Status } from "../call/status.ts";
import { t } from "../i18n/index.ts";

export function StatusLine({ status }: { readonly status: Status }) {
  const { code, message, local } = status;
  return (
    <p class={code === "OK" ? "status ok" : "status error"} role="status">
      <b>
        {codeNumber(code)} {code}
      </b>{" "}
      <span class="message">{local && code === "CANCELLED" ? t("cancelledHere") : message}</span>
    </p>
  );
}
