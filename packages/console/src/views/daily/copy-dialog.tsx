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
  const { text, reason } = copied(selected.value, tool.value, disclosure.value);
  return (
    <Dialog label={t("copyAs")} class="wide" onClose={onClose}>
      <Tabs
        label={t("copyAs")}
        tabs={Object.entries(tools).map(([name, { label }]) => ({ name: name as Tool, label }))}
        selected={tool.value}
        onSelect={(name) => (tool.value = name)}
      >
        <DisclosureSelect choice={disclosure} />
        {text === undefined ? (
          <p role="status">{t(reason)}</p>
        ) : (
          <>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the focus */}
            <pre tabIndex={0}>{text}</pre>
            {hasSecret(text) && <p class="notice">{t("copySecret")}</p>}
            {tool.value !== "curl" && <p class="hint">{t(hints[tool.value])}</p>}
            <CopyButton text={() => text} />
          </>
        )}
      </Tabs>
    </Dialog>
  );
}

function copied(method: MethodEntry | undefined, name: Tool, disclosure: Disclosure): Copied {
  if (method === undefined || registry.value === undefined || config.value === undefined) return { reason: "chooseMethod" };
  const types = registry.value;
  try {
    const call: CopiedCall = {
      method,
      requests: requestsOf(method).map((text) => resolveMessage(text, parseJson(text), method.desc.input, types, openVariables.value).text),
      metadata: disclosed(writtenMetadata.value, disclosure).map(([key, value]) => [key, substitute(value, openVariables.value).text]),
      timeoutMs: timeoutMs.value,
      root: rootUrl(),
      protocols: config.value.protocols,
      registry: types,
    };
    return tools[name].copy(call);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return { reason: "copyInvalid" };
    throw error;
  }
}

/** The messages that the current call has sent, or the request. */
function requestsOf(method: MethodEntry): readonly string[] {
  const call = currentCall.value;
  const sent = hasRequestStream(method.kind) && call?.method.path === method.path ? call.written : [];
  return sent.length > 0 ? sent : [requestText.value];
}

/** Whether a text has the name of a secret, which the reader has to replace. */
function hasSecret(text: string): boolean {
  return environments.value.some(({ variables }) => variables.some(({ name, secret }) => secret && text.includes(`{{${name}}}`)));
}
