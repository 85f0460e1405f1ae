// The selected method: what it is, its request, and its call.
import { t } from "../i18n/index.ts";
import type { MethodEntry } from "../schema/services.ts";
import { currentCall } from "../state/calls.ts";
import { KindIcon } from "./kind-icon.tsx";
import { MetadataView } from "./metadata-view.tsx";
import { RequestView } from "./request-view.tsx";
import { ResponseView } from "./response-view.tsx";
import { TutorialOfService } from "./tutorial-links.tsx";

export function MethodView({ method, readOnly }: { readonly method: MethodEntry; readonly readOnly: boolean }) {
  const { desc, name, comment, kind, rules, deprecated } = method;
  const call = currentCall.value;
  return (
    <article>
      <h1>
        {name} <span class="badge">{t(kind)}</span>
        {deprecated && <span class="badge">{t("deprecated")}</span>}
      </h1>
      <p class="signature">
        <KindIcon kind={kind} /> <code>{desc.parent.typeName}</code>: <code>{desc.input.typeName}</code> →{" "}
        <code>{desc.output.typeName}</code>
      </p>
      {rules.map(({ verb, path }) => (
        <p key={`${verb} ${path}`} class="rule">
          <code>
            <b>{verb}</b> {path}
          </code>
        </p>
      ))}
      {comment !== "" && <p class="comment">{comment}</p>}
      <TutorialOfService service={desc.parent.typeName} />
      {readOnly && <p class="notice">{t("readOnly")}</p>}
      <div class="panes">
        <div class="pane">
          <RequestView method={method} readOnly={readOnly} />
          {!readOnly && <MetadataView />}
        </div>
        {!readOnly && (
          <div class="pane">
            <ResponseView call={call?.method.path === method.path ? call : undefined} />
          </div>
        )}
      </div>
    </article>
  );
}
