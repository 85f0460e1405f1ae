// The header of the page: title, environment, history, palette, language, theme.
import "./header.css";
import { useEffect, useRef } from "preact/hooks";
import { type Language, language, languages, t } from "../i18n/index.ts";
import { showDialog } from "../state/dialogs.ts";
import { environments } from "../state/environments.ts";
import { config } from "../state/services.ts";
import { type Theme, theme } from "../state/settings.ts";
import { EnvironmentSelect } from "./environment-select.tsx";

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
      <Links />
      <span class="tools">
        {environments.value.length > 0 && <EnvironmentSelect />}
        <button type="button" class="quiet" onClick={() => showDialog({ kind: "environments" })}>
          {t("environments")}
        </button>
        <button type="button" class="quiet" onClick={() => showDialog({ kind: "history" })}>
          {t("history")}
        </button>
        <button type="button" class="quiet" onClick={() => showDialog({ kind: "palette" })}>
          {t("paletteButton")} <kbd>Ctrl+K</kbd>
        </button>
        <button type="button" class="quiet" aria-label={t("help")} title={t("help")} onClick={() => showDialog({ kind: "help" })}>
          ?
        </button>
      </span>
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

/** The links that the gateway names, such as to the consoles of other gateways. */
function Links() {
  const links = (config.value?.links ?? []).flatMap(({ title, url }) => {
    const parsed = URL.parse(url, location.href);
    return parsed === null || !/^https?:$/.test(parsed.protocol) ? [] : { title, url, isHere: samePage(parsed) };
  });
  const all = useRef<HTMLElement>(null);
  // On a narrow screen, the links scroll.
  useEffect(() => all.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" }), [links.length]);
  if (links.length === 0) return null;
  return (
    <nav class="links" aria-label={t("links")} ref={all}>
      {links.map(({ title, url, isHere }) => (
        <a key={`${title} ${url}`} href={url} aria-current={isHere ? "page" : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}

function samePage({ origin, pathname }: URL): boolean {
  return origin === location.origin && pathname === location.pathname;
}
