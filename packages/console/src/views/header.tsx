// The header of the page: title, language, theme.
import { type Language, language, languages, t } from "../i18n/index.ts";
import { config } from "../state/services.ts";
import { type Theme, theme } from "../state/settings.ts";

export interface HeaderProps {
  readonly menuIsOpen: boolean;
  readonly onMenu: () => void;
}

export function Header({ menuIsOpen, onMenu }: HeaderProps) {
  return (
    <header>
      <button type="button" class="menu" aria-expanded={menuIsOpen} aria-controls="services" onClick={onMenu}>
        {t("menu")}
      </button>
      <a class="title" href="#/">
        {config.value?.title ?? t("title")}
      </a>
      <label>
        <span class="visually-hidden">{t("language")}</span>
        <select value={language.value} onChange={(event) => (language.value = event.currentTarget.value as Language)}>
          {Object.entries(languages).map(([code, name]) => (
            <option key={code} value={code} lang={code}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="visually-hidden">{t("theme")}</span>
        <select value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
          <option value="auto">{t("themeAuto")}</option>
          <option value="light">{t("themeLight")}</option>
          <option value="dark">{t("themeDark")}</option>
        </select>
      </label>
    </header>
  );
}
