// A value of JSON as a tree, whose nodes open and close.
import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { readableText } from "../json/bytes.ts";
import { printScalar } from "../json/edit.ts";
import { isArray, isObject, type JsonValue } from "../json/parse.ts";
import { memberPart, type Part } from "../schema/parts.ts";

/** Number of members that are shown at once. */
const pageSize = 100;

/** Depth from which nodes are closed at first. */
const openDepth = 4;

/** Characters that are shown of bytes. */
const maxText = 200;

interface JsonTreeProps {
  readonly value: JsonValue;
  readonly label: string;
  /** What the value is, if that is known: bytes are then shown as text, too. */
  readonly part?: Part | undefined;
}

export function JsonTree({ value, label, part }: JsonTreeProps) {
  return (
    <ul class="tree" aria-label={label}>
      <Node value={value} depth={0} part={part} />
    </ul>
  );
}

interface NodeProps {
  readonly name?: string;
  readonly value: JsonValue;
  readonly depth: number;
  readonly part: Part | undefined;
}

function Node({ name, value, depth, part }: NodeProps) {
  const [open, setOpen] = useState(depth < openDepth);
  const [shown, setShown] = useState(pageSize);
  const members: readonly (readonly [string, JsonValue])[] | undefined = isArray(value)
    ? value.map((item, index) => [String(index), item])
    : isObject(value)
      ? Object.entries(value)
      : undefined;
  const key = name !== undefined && <span class="key">{name}: </span>;
  if (members === undefined || members.length === 0) {
    return (
      <li>
        {key}
        <span class={`value ${typeof value}`}>{members === undefined ? printScalar(value) : isArray(value) ? "[]" : "{}"}</span>
        {part?.kind === "bytes" && typeof value === "string" && <BytesText base64={value} />}
      </li>
    );
  }
  return (
    <li>
      <button type="button" class="node" aria-expanded={open} onClick={() => setOpen(!open)}>
        {key}
        <span class="count">{isArray(value) ? `[${members.length}]` : `{${members.length}}`}</span>
      </button>
      {open && (
        <ul>
          {members.slice(0, shown).map(([key, item]) => (
            <Node key={key} name={key} value={item} depth={depth + 1} part={memberPart(part, key)} />
          ))}
          {members.length > shown && (
            <li>
              <button type="button" onClick={() => setShown(shown + pageSize)}>
                {t("more", Math.min(pageSize, members.length - shown))}
              </button>
            </li>
          )}
        </ul>
      )}
    </li>
  );
}

function BytesText({ base64 }: { readonly base64: string }) {
  const text = readableText(base64);
  if (text === undefined) return null;
  return (
    <>
      {" "}
      <span class="hint">{t("encodingText")}</span>{" "}
      <span class="value" dir="auto">
        {text.slice(0, maxText)}
        {text.length > maxText && "…"}
      </span>
    </>
  );
}
