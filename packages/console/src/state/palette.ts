// What the palette finds.
import { computed } from "@preact/signals";
import { hasRequestStream } from "../call/call.ts";
import { type Key, type Language, language, languages, t } from "../i18n/index.ts";
import { cancel, halfClose, isRunning } from "./calls.ts";
import { showDialog } from "./dialogs.ts";
import { environments, selectEnvironment } from "./environments.ts";
import { resetRequest } from "./request.ts";
import { openDraft, savedRequests } from "./saved.ts";
import { config, packages, selected } from "./services.ts";
import { type Theme, theme } from "./settings.ts";
import { isOpenFor, submit } from "./submit.ts";

export interface PaletteItem {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  /** What a search looks at, in lower case. */
  readonly text: string;
  readonly run: () => void;
}

function item(id: string, label: string, hint: string, run: () => void): PaletteItem {
  return { id, label, hint, text: `${label} ${hint}`.toLowerCase(), run };
}

export const paletteItems = computed((): readonly PaletteItem[] => [...actions(), ...choices(), ...saved(), ...methods()]);

function actions(): PaletteItem[] {
  const method = selected.value;
  const action = (label: Key, hint: string, run: () => void) => item(`action ${label}`, t(label), hint, run);
  const calls =
    method === undefined || config.value?.readOnly !== false
      ? []
      : [
          action(hasRequestStream(method.kind) ? "send" : "call", t("callHint"), () => submit(method)),
          ...(isOpenFor(method) ? [action("halfClose", "", halfClose)] : []),
          ...(isRunning.value ? [action("cancel", "", cancel)] : []),
        ];
  const ofRequest =
    method === undefined
      ? []
      : [
          action("saveTitle", "Ctrl+S", () => showDialog({ kind: "save" })),
          action("shareTitle", "", () => showDialog({ kind: "share" })),
          action("copyAs", "curl, buf curl, grpcurl, TypeScript", () => showDialog({ kind: "copy" })),
          action("reset", t("request"), resetRequest),
        ];
  return [
    ...calls,
    ...ofRequest,
    action("history", "", () => showDialog({ kind: "history" })),
    action("environments", "", () => showDialog({ kind: "environments" })),
    action("help", "?", () => showDialog({ kind: "help" })),
  ];
}

const themes: Readonly<Record<Theme, Key>> = { auto: "themeAuto", light: "themeLight", dark: "themeDark" };

function choices(): PaletteItem[] {
  return [
    ...environments.value.map(({ id, name }) => item(`environment ${id}`, name, t("environment"), () => selectEnvironment(id))),
    ...(environments.value.length > 0 ? [item("environment", t("noEnvironment"), t("environment"), () => selectEnvironment(""))] : []),
    ...Object.entries(themes).map(([name, label]) =>
      item(`theme ${name}`, t(label), t("theme"), () => {
        theme.value = name as Theme;
      }),
    ),
    ...Object.entries(languages).map(([code, name]) =>
      item(`language ${code}`, name, t("language"), () => {
        language.value = code as Language;
      }),
    ),
  ];
}

function saved(): PaletteItem[] {
  return savedRequests.value.map((request) =>
    item(`saved ${request.id}`, request.name, `${t("saved")}: ${request.path}`, () => openDraft(request)),
  );
}

function methods(): PaletteItem[] {
  return packages.value.flatMap(({ services }) =>
    services.flatMap(({ desc, methods }) =>
      methods.map(({ name, path, text }) => ({
        ...item(`method ${path}`, name, desc.typeName, () => {
          location.hash = `#/${path}`;
        }),
        text,
      })),
    ),
  );
}
