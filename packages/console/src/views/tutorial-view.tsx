// A tutorial: its view, which is loaded now, and links to its page and its source.
import "./tutorial-view.css";
import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { language, t } from "../i18n/index.ts";
import type { Tutorial } from "../tutorials/index.ts";
import { links } from "../tutorials/links.ts";
import { MetadataView } from "./metadata-view.tsx";

type Loaded = { readonly View: FunctionComponent } | { readonly problem: string };

export function TutorialView({ tutorial }: { readonly tutorial: Tutorial }) {
  const [loaded, setLoaded] = useState<Loaded>();
  useEffect(() => {
    tutorial.load().then(
      (View) => setLoaded({ View }),
      (error: unknown) => setLoaded({ problem: String(error) }),
    );
  }, [tutorial.name]);
  return (
    <article class="tutorial">
      <h1>{t(tutorial.title)}</h1>
      <p class="tutorial-links">
        <a href={links.page(tutorial.topic, language.value)} target="_blank" rel="noreferrer">
          {t("tutorialPage")}
        </a>
        <a href={links.source(tutorial.topic)} target="_blank" rel="noreferrer">
          {t("tutorialSource")}
        </a>
      </p>
      {loaded === undefined ? (
        <p role="status">{t("loading")}</p>
      ) : "problem" in loaded ? (
        <p role="alert">{t("loadFailed", loaded.problem)}</p>
      ) : (
        <loaded.View />
      )}
      <details class="tutorial-metadata">
        <summary>{t("tutorialMetadata")}</summary>
        <MetadataView />
      </details>
    </article>
  );
}
