// Links to the tutorials: in the list of services, on the first page, and at the methods of a tutorial.
import { t } from "../i18n/index.ts";
import { selectedPath } from "../state/services.ts";
import type { Tutorial } from "../tutorials/index.ts";
import { listedTutorials, pathOf, tutorials } from "../tutorials/selection.ts";

export function TutorialLinks() {
  if (listedTutorials.value.length === 0) return null;
  return (
    <section aria-label={t("tutorials")}>
      <h2 class="package">{t("tutorials")}</h2>
      <ul>
        {listedTutorials.value.map((tutorial) => {
          const path = pathOf(tutorial);
          return (
            <li key={path}>
              <a href={`#/${path}`} class="method" aria-current={path === selectedPath.value ? "page" : undefined}>
                {t(tutorial.title)}
              </a>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Invitation({ tutorial }: { readonly tutorial: Tutorial }) {
  return (
    <p>
      <a href={`#/${pathOf(tutorial)}`}>{t("tutorialOpen", t(tutorial.title))}</a>
    </p>
  );
}

/** All tutorials. */
export function TutorialInvitations() {
  return tutorials.value.map((tutorial) => <Invitation key={tutorial.name} tutorial={tutorial} />);
}

/** The tutorial of a service, if there is one. */
export function TutorialOfService({ service }: { readonly service: string }) {
  const tutorial = tutorials.value.find(({ services }) => services.has(service));
  return tutorial && <Invitation tutorial={tutorial} />;
}
