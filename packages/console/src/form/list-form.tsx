// The form of a repeated field.
import type { DescField } from "@bufbuild/protobuf";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { withItem, withMovedItem, withoutItem } from "../json/edit.ts";
import { isArray } from "../json/parse.ts";
import { defaultElement } from "../schema/defaults.ts";
import { type FieldProps, idOf, useForm } from "./context.ts";
import { Element } from "./element.tsx";
import { Pager } from "./pager.tsx";
import { usePage } from "./use-page.ts";

export function ListForm({ field, value, onChange, path }: FieldProps & { readonly field: DescField & { readonly fieldKind: "list" } }) {
  const items = isArray(value) ? value : [];
  const { goTo } = useForm();
  const ids = useItemIds(items.length);
  const page = usePage(items.length, path, (part) => (typeof part === "number" && part < items.length ? part : -1));
  const [moved, setMoved] = useState("");
  // An element that moves loses the focus.
  const focused = useRef<Element | undefined>(undefined);
  useLayoutEffect(() => {
    if (focused.current?.isConnected === true && focused.current instanceof HTMLElement) focused.current.focus();
    focused.current = undefined;
  });
  const move = (from: number, to: number) => {
    if (to < 0 || to >= items.length) return;
    focused.current = document.activeElement ?? undefined;
    ids.move(from, to);
    setMoved(t("movedTo", `${field.name} ${from + 1}`, to + 1, items.length));
    onChange(withMovedItem(items, from, to));
    if (to < page.from || to >= page.to) goTo([...path, to]);
  };
  return (
    <div class="list" id={idOf(path)}>
      <Pager page={page} name={field.name} pathOf={(index) => [...path, index]} />
      {items.slice(page.from, page.to).map((item, offset) => {
        const index = page.from + offset;
        const name = `${field.name} ${index + 1}`;
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the keys are a shortcut for the buttons
          <div
            class="item"
            key={ids.of(index)}
            onKeyDown={(event) => {
              const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
              if (step === undefined || !event.altKey || event.defaultPrevented) return;
              event.preventDefault();
              move(index, index + step);
            }}
          >
            <Element
              field={field}
              value={item}
              label={name}
              path={[...path, index]}
              onChange={(changed) => onChange(withItem(items, index, changed ?? defaultElement(field)))}
            />
            <div class="item-buttons">
              {items.length > 1 && (
                <>
                  <button
                    type="button"
                    class="quiet"
                    title={t("moveHint")}
                    aria-label={t("moveUpOf", name)}
                    aria-disabled={index === 0}
                    onClick={() => move(index, index - 1)}
                  >
                    ↑
                  </button>
                  <button
                    type="button"
                    class="quiet"
                    title={t("moveHint")}
                    aria-label={t("moveDownOf", name)}
                    aria-disabled={index === items.length - 1}
                    onClick={() => move(index, index + 1)}
                  >
                    ↓
                  </button>
                </>
              )}
              <button
                type="button"
                class="quiet"
                aria-label={t("removeOf", name)}
                onClick={() => {
                  ids.remove(index);
                  onChange(items.length === 1 ? undefined : withoutItem(items, index));
                }}
              >
                ×
              </button>
            </div>
          </div>
        );
      })}
      <p class="visually-hidden" role="status">
        {moved}
      </p>
      <button
        type="button"
        onClick={() => {
          onChange(withItem(items, items.length, defaultElement(field)));
          page.show(items.length);
        }}
      >
        {t("addItem")} <span class="visually-hidden">{field.name}</span>
      </button>
    </div>
  );
}

/** Identifies items by numbers, so that an item keeps its controls when it moves, or when one before it is removed. */
function useItemIds(count: number) {
  const last = useRef(0);
  const ids = useRef<number[]>([]);
  while (ids.current.length < count) ids.current.push(++last.current);
  ids.current.length = count;
  return {
    of: (index: number) => ids.current[index],
    remove: (index: number) => void ids.current.splice(index, 1),
    move: (from: number, to: number) => void ids.current.splice(to, 0, ...ids.current.splice(from, 1)),
  };
}
