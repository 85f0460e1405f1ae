// A value of JSON as a tree, whose nodes open and close.
import { createRegistry, type DescMessage, type Registry, ScalarType } from "@bufbuild/protobuf";
import { useMemo, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { readableText } from "../json/bytes.ts";
import { printScalar } from "../json/edit.ts";
import { isArray, isObject, type JsonValue } from "../json/parse.ts";
import { type Slot, scalarOf, within } from "../schema/slots.ts";

/** Number of members that are shown at once. */
const pageSize = 100;

/** Depth from which nodes are closed at first. */
const openDepth = 4;

const noTypes = createRegistry();

/** `@type` of a value. */
function typeIn(value: JsonValue): string | undefined {
  const type = isObject(value) ? value["@type"] : undefined;
  return typeof type === "string" ? type : undefined;
}

/** Characters that are shown of bytes. */
const maxText = 200;

interface JsonTreeProps {
  readonly value: JsonValue;
  readonly label: string;
  /** The type of the value, if it is known: bytes are then shown as text, too. */
  readonly type?: DescMessage;
  readonly registry?: Registry | undefined;
}

export function JsonTree({ value, label, type, registry = noTypes }: JsonTreeProps) {
  return (
    <ul class="tree" aria-label={label}>
      <Node value={value} depth={0} slot={type && { message: type }} registry={registry} />
    </ul>
  );
}

interface NodeProps {
  readonly name?: string;
  readonly value: JsonValue;
  readonly depth: number;
  readonly slot: Slot | undefined;
  readonly registry: Registry;
}

function Node({ name, value, depth, slot, registry }: NodeProps) {
  const [open, setOpen] = useState(depth < openDepth);
  const [shown, setShown] = useState(pageSize);
  const members: readonly (readonly [string | number, JsonValue])[] | undefined = isArray(value)
    ? value.map((item, index) => [index, item])
    : isObject(value)
      ? Object.entries(value)
      : undefined;
  const key = name !== undefined && <span class="key">{name}: </span>;
  if (members === undefined || members.length === 0) {
    return (
      <li>
        {key}
        <span class={`value ${typeof value}`}>{members === undefined ? printScalar(value) : isArray(value) ? "[]" : "{}"}</span>
        {slot && typeof value === "string" && scalarOf(slot) === ScalarType.BYTES && <BytesText base64={value} />}
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
            <Node
              key={key}
              name={String(key)}
              value={item}
              depth={depth + 1}
              slot={slot && within(slot, key, typeIn(value), registry)}
              registry={registry}
            />
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
  const text = useMemo(() => readableText(base64), [base64]);
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
