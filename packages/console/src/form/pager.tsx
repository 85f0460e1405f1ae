// Which elements of a long list or map are shown, and controls for the others.
import { t } from "../i18n/index.ts";
import type { Path } from "../schema/check.ts";
import { useForm } from "./context.ts";
import { type Page, pageSize } from "./use-page.ts";

interface PagerProps {
  readonly page: Page;
  readonly name: string;
  /** The path of an element. */
  readonly pathOf: (index: number) => Path;
}

export function Pager({ page: { from, to, count, show }, name, pathOf }: PagerProps) {
  const { goTo } = useForm();
  if (count <= pageSize) return null;
  const button = (label: string, text: string, index: number, isOff: boolean) => (
    <button type="button" class="quiet" aria-label={`${label}: ${name}`} aria-disabled={isOff} onClick={() => !isOff && show(index)}>
      {text}
    </button>
  );
  return (
    <div class="pager">
      {button(t("firstPage"), "«", 0, from === 0)}
      {button(t("previousPage"), "‹", from - pageSize, from === 0)}
      <span>{t("rangeOf", from + 1, to, count)}</span>
      {button(t("nextPage"), "›", from + pageSize, to === count)}
      {button(t("lastPage"), "»", count - 1, to === count)}
      <input
        type="number"
        min={1}
        max={count}
        aria-label={`${t("goToNumber")}: ${name}`}
        placeholder={t("goToNumber")}
        onChange={(event) => {
          const index = event.currentTarget.valueAsNumber - 1;
          if (Number.isInteger(index) && index >= 0 && index < count) goTo(pathOf(index));
          event.currentTarget.value = "";
        }}
      />
    </div>
  );
}
