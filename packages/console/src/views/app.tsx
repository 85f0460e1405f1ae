// The whole page: a header, the services beside the selected method.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { dialog, showDialog } from "../state/dialogs.ts";
import { config, loadServices, loadState, packages, selected, selectedPath } from "../state/services.ts";
import { singleKeys } from "../state/settings.ts";
import { selectedTutorial } from "../tutorials/selection.ts";
import { Dialogs } from "./dialogs.tsx";
import { Header } from "./header.tsx";
import { MethodView } from "./method-view.tsx";
import { focusSearch, Sidebar } from "./sidebar.tsx";
import { TutorialInvitations } from "./tutorial-links.tsx";
import { TutorialView } from "./tutorial-view.tsx";

/** Whether the services cover the page on a narrow screen. */
const menuIsOpen = signal(false);

export function App() {
  const { title } = config.value ?? {};
  const method = selected.value;
  const tutorial = selectedTutorial.value;
  const name = method?.name ?? (tutorial && t(tutorial.title));
  const text = title === undefined ? t("title") : `${title} – ${t("title")}`;
  useEffect(() => {
    document.title = name === undefined ? text : `${name} – ${text}`;
  }, [name, text]);
  // On a narrow screen, a choice closes the services.
  useEffect(() => {
    menuIsOpen.value = false;
  }, [selectedPath.value]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const action = shortcut(event);
      if (action === undefined || dialog.value !== undefined) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: the hash of the URL is the method, so the link moves the focus itself */}
      <a class="skip" href="#main" onClick={skip}>
        {t("skip")}
      </a>
      <Header menuIsOpen={menuIsOpen.value} onMenu={() => (menuIsOpen.value = !menuIsOpen.value)} />
      <div class={menuIsOpen.value ? "columns menu-open" : "columns"}>
        <Sidebar />
        <main id="main" tabIndex={-1}>
          <Main />
        </main>
      </div>
      <Dialogs />
    </>
  );
}

/** What a key does. */
function shortcut(event: KeyboardEvent): (() => void) | undefined {
  const { key, altKey, isComposing } = event;
  if (altKey || isComposing) return undefined;
  if (event.ctrlKey || event.metaKey) {
    if (event.shiftKey) return undefined;
    if (key.toLowerCase() === "k") return () => showDialog({ kind: "palette" });
    return key.toLowerCase() === "s" && selected.value !== undefined ? () => showDialog({ kind: "save" }) : undefined;
  }
  if (!singleKeys.value || isEditable(event.composedPath()[0])) return undefined;
  if (key === "?") return () => showDialog({ kind: "help" });
  if (key !== "/") return undefined;
  return () => {
    if (focusSearch()) return;
    // On a narrow screen, it is hidden.
    menuIsOpen.value = true;
    requestAnimationFrame(focusSearch);
  };
}

/** The hash of the URL is the method, so that the link cannot have one of its own. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Main() {
  const state = loadState.value;
  if (state.kind === "loading") return <p role="status">{t("loading")}</p>;
  if (state.kind === "failed") {
    return (
      <div role="alert">
        <p>{t("loadFailed", state.message)}</p>
        <button type="button" onClick={() => void loadServices()}>
          {t("retry")}
        </button>
      </div>
    );
  }
  const method = selected.value;
  if (method !== undefined) return <MethodView key={method.path} method={method} readOnly={state.config.readOnly} />;
  const tutorial = selectedTutorial.value;
  if (tutorial !== undefined) return <TutorialView key={tutorial.name} tutorial={tutorial} />;
  const services = packages.value.flatMap(({ services }) => services);
  const methods = services.reduce((sum, one) => sum + one.methods.length, 0);
  return (
    <section class="welcome">
      <h1>{state.config.title}</h1>
      {selectedPath.value !== "" && <p role="alert">{t("unknownMethod", selectedPath.value)}</p>}
      <p>{services.length === 0 ? t("noServices") : t("chooseMethod")}</p>
      <p>{t("counts", services.length, methods)}</p>
      <TutorialInvitations />
      <p>{t("upstreams", state.config.upstreams.map(({ name }) => name).join(", "))}</p>
      {state.config.docs !== undefined && (
        <p>
          <a href={state.config.docs}>{t("documentation")}</a>
        </p>
      )}
    </section>
  );
}

function isEditable(target: EventTarget | undefined): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName));
}
