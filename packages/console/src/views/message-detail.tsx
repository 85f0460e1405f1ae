// A message, as a tree or in JSON.
import type { DescMessage } from "@bufbuild/protobuf";
import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { byteLength } from "../call/byte-length.ts";
import { t } from "../i18n/index.ts";
import { parseSource, print } from "../json/edit.ts";
import type { JsonValue } from "../json/parse.ts";
import { registry } from "../state/services.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { formatBytes } from "../ui/format.ts";
import { JsonTree } from "../ui/json-tree.tsx";
import { Tabs } from "../ui/tabs.tsx";

type View = "tree" | "json";

const view = signal<View>("tree");

/** The browser would need seconds for longer texts. */
const maxShown = 200_000;

interface MessageDetailProps {
  readonly type: DescMessage;
  readonly text: string;
}

export function MessageDetail({ type, text }: MessageDetailProps) {
  const value = useMemo(() => parsed(text), [text]);
  const printed = useMemo(() => (view.value === "json" && value !== undefined ? print(value) : text), [text, value, view.value]);
  return (
    <div class="detail">
      <Tabs
        label={t("messages")}
        tabs={[
          { name: "tree", label: t("tree") },
          { name: "json", label: t("json") },
        ]}
        selected={view.value}
        onSelect={(name) => (view.value = name)}
      >
        {view.value === "tree" && value !== undefined ? (
          <JsonTree label={t("response")} value={value} type={type} registry={registry.value} />
        ) : (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the focus
          <pre tabIndex={0}>
            {printed.slice(0, maxShown)}
            {printed.length > maxShown && "…"}
          </pre>
        )}
      </Tabs>
      <p class="bar">
        <span class="hint">{formatBytes(byteLength(text))}</span> <CopyButton text={() => (value === undefined ? text : print(value))} />
      </p>
    </div>
  );
}

/** The text may come from a server that sends something else than JSON. */
function parsed(text: string): JsonValue | undefined {
  try {
    return parseSource(text).value;
  } catch {
    return undefined;
  }
}
