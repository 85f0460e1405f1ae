// The request as a command or a program.
import { signal, useSignal } from "@preact/signals";
import { hasRequestStream } from "../../call/call.ts";
import type { Copied, CopiedCall } from "../../copy/call.ts";
import { type Tool, tools } from "../../copy/index.ts";
import { type Key, t } from "../../i18n/index.ts";
import { JsonSyntaxError, parseJson } from "../../json/parse.ts";
import type { MethodEntry } from "../../schema/services.ts";
import { currentCall } from "../../state/calls.ts";
import { environments, openVariables } from "../../state/environments.ts";
import { type Disclosure, disclosed, timeoutMs, writtenMetadata } from "../../state/metadata.ts";
import { requestText } from "../../state/request.ts";
import { jsonWithoutSecrets, withoutSecrets } from "../../state/secrets.ts";
import { config, registry, rootUrl, selected } from "../../state/services.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { resolveMessage } from "../../variables/message.ts";
import { substitute } from "../../variables/substitute.ts";
import { DisclosureSelect } from "./disclosure-select.tsx";

const tool = signal<Tool>("curl");

/** What the tool needs. */
const hints: Readonly<Record<Exclude<Tool, "curl">, Key>> = {
  buf: "copyReflection",
  grpcurl: "copyReflection",
  rpc: "copyGenerated",
  connect: "copyGenerated",
};

export function CopyDialog({ onClose }: { readonly onClose: () => void }) {
  const disclosure = useSignal<Disclosure>("none");
  const isOfCall = useSignal(true);
  const sent = sentBy(selected.value);
  const requests = isOfCall.value && sent.length > 0 ? sent : [requestText.value];
  const { text, reason, names } = copied(selected.value, requests, tool.value, disclosure.value);
  return (
    <Dialog label={t("copyAs")} class="wide" onClose={onClose}>
      <Tabs
        label={t("copyAs")}
        tabs={Object.entries(tools).map(([name, { label }]) => ({ name: name as Tool, label }))}
        selected={tool.value}
        onSelect={(name) => (tool.value = name)}
      >
        <DisclosureSelect choice={disclosure} />{" "}
        {sent.length > 0 && (
          <label>
            <span class="hint">{t("copyMessages")}</span>{" "}
            <select
              value={isOfCall.value ? "sent" : "request"}
              onChange={(event) => {
                isOfCall.value = event.currentTarget.value === "sent";
              }}
            >
              <option value="sent">{t("copySent", sent.length)}</option>
              <option value="request">{t("copyRequest")}</option>
            </select>
          </label>
        )}
        {text === undefined ? (
          <p role="status">{t(reason)}</p>
        ) : (
          <>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the focus */}
            <pre tabIndex={0}>{text}</pre>
            {names.length > 0 && <p class="notice">{t("copyNames", names.map((name) => `{{${name}}}`).join(", "))}</p>}
            {tool.value !== "curl" && <p class="hint">{t(hints[tool.value])}</p>}
            <CopyButton text={() => text} />
          </>
        )}
      </Tabs>
    </Dialog>
  );
}

/** What the reader has to replace in the text: the names of secrets, and of variables without a value. */
interface Left {
  readonly names: readonly string[];
}

function copied(method: MethodEntry | undefined, requests: readonly string[], name: Tool, disclosure: Disclosure): Copied & Left {
  if (method === undefined || registry.value === undefined || config.value === undefined) return { reason: "chooseMethod", names: [] };
  const types = registry.value;
  const values = openVariables.value;
  try {
    const unknown = new Set<string>();
    const call: CopiedCall = {
      method,
      requests: requests.map((text) => {
        const { text: resolved, faults } = resolveMessage(text, parseJson(text), method.desc.input, types, values, true);
        for (const { values } of faults) for (const name of values) unknown.add(String(name));
        return jsonWithoutSecrets(resolved);
      }),
      metadata: disclosed(writtenMetadata.value, disclosure).map(([key, value]) => {
        const resolved = substitute(value, values);
        for (const name of resolved.unknown) unknown.add(name);
        return [key, withoutSecrets(resolved.text)];
      }),
      timeoutMs: timeoutMs.value,
      root: rootUrl(),
      protocols: config.value.protocols,
      registry: types,
    };
    const made = tools[name].copy(call);
    for (const name of secretsIn(made.text ?? "")) unknown.add(name);
    return { ...made, names: [...unknown] };
  } catch (error) {
    if (error instanceof JsonSyntaxError) return { reason: "copyInvalid", names: [] };
    throw error;
  }
}

/** The messages that the latest call of a method with a request stream has sent. */
function sentBy(method: MethodEntry | undefined): readonly string[] {
  const call = currentCall.value;
  return method !== undefined && hasRequestStream(method.kind) && call?.method.path === method.path ? call.written : [];
}

/** The names of the secrets in a text. */
function secretsIn(text: string): readonly string[] {
  const secrets = environments.value.flatMap(({ variables }) => variables.filter(({ secret }) => secret));
  return secrets.map(({ name }) => name).filter((name) => text.includes(`{{${name}}}`));
}
