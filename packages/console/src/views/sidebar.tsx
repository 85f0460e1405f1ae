// The services and methods, and the search in them.
import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import type { MethodEntry, ServiceEntry } from "../schema/services.ts";
import { found, loadState, packages, query, selectedPath } from "../state/services.ts";
import { KindIcon } from "./kind-icon.tsx";
import { TutorialLinks } from "./tutorial-links.tsx";

/** Services are open at first if all of them have no more methods than these. */
const maxOpenMethods = 80;
/** Methods of a service that are shown at first, and at each further step. */
const pageSize = 200;
/** Methods that a search shows. */
const maxFound = 200;

const searchId = "search";

/** Returns whether the search can have the focus now. */
export function focusSearch(): boolean {
  const search = document.getElementById(searchId);
  search?.focus();
  return search !== null && document.activeElement === search;
}

export function Sidebar() {
  const isSearch = query.value.trim() !== "";
  const total = packages.value.flatMap(({ services }) => services).reduce((sum, { methods }) => sum + methods.length, 0);
  let left = isSearch ? maxFound : Number.POSITIVE_INFINITY;
  const take = (methods: readonly MethodEntry[]) => {
    const taken = methods.slice(0, left);
    left -= taken.length;
    return taken;
  };
  return (
    <nav id="services" aria-label={t("services")} onKeyDown={moveFocus}>
      <label class="visually-hidden" for={searchId}>
        {t("search")}
      </label>
      <input
        id={searchId}
        type="search"
        autocomplete="off"
        placeholder={t("searchHint")}
        value={query.value}
        onInput={(event) => {
          query.value = event.currentTarget.value;
        }}
      />
      <TutorialLinks />
      {found.value.map(({ name, services }) => {
        const shown = services
          .map((service) => ({ service, methods: take(service.methods) }))
          .filter(({ methods }) => methods.length > 0 || !isSearch);
        return (
          shown.length > 0 && (
            <section key={name} aria-label={name || t("noPackage")}>
              <h2 class="package">{name || t("noPackage")}</h2>
              {shown.map(({ service, methods }) => (
                <Service
                  key={service.desc.typeName}
                  service={service}
                  methods={methods}
                  isOpen={isSearch || total <= maxOpenMethods}
                  isSearch={isSearch}
                />
              ))}
            </section>
          )
        );
      })}
      {isSearch && found.value.length === 0 && <p role="status">{t("noMatch", query.value)}</p>}
      {isSearch && left === 0 && <p class="hint">{t("shownOf", maxFound, total)}</p>}
      {loadState.value.kind === "loaded" && packages.value.length === 0 && <p>{t("noServices")}</p>}
    </nav>
  );
}

interface ServiceProps {
  readonly service: ServiceEntry;
  /** Those to show. */
  readonly methods: readonly MethodEntry[];
  readonly isOpen: boolean;
  readonly isSearch: boolean;
}

function Service({ service, methods, isOpen, isSearch }: ServiceProps) {
  const [chosen, setChosen] = useState<boolean>();
  const [pages, setPages] = useState(1);
  const selectedAt = methods.findIndex(({ path }) => path === selectedPath.value);
  const open = isSearch || (chosen ?? (isOpen || selectedAt >= 0));
  const shown = Math.max(pages * pageSize, selectedAt + 1);
  return (
    <div class="service">
      <h3>
        <button type="button" aria-expanded={open} title={open ? service.comment : ""} onClick={() => setChosen(!open)}>
          {service.name}
        </button>
      </h3>
      {open && (
        <ul>
          {methods.slice(0, shown).map((method) => (
            <li key={method.path}>
              <a
                href={`#/${method.path}`}
                class="method"
                title={method.comment}
                aria-current={method.path === selectedPath.value ? "page" : undefined}
              >
                <KindIcon kind={method.kind} />
                <span class={method.deprecated ? "deprecated" : ""}>{method.name}</span>
              </a>
            </li>
          ))}
          {methods.length > shown && (
            <li>
              <button type="button" class="quiet" onClick={() => setPages(Math.ceil(shown / pageSize) + 1)}>
                {t("more", Math.min(pageSize, methods.length - shown))}
              </button>
            </li>
          )}
        </ul>
      )}
    </div>
  );
}

/** The arrow keys move between the search, services and methods. */
function moveFocus(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  const stops = [...event.currentTarget.querySelectorAll<HTMLElement>("input, button, a")];
  const next = stops[stops.indexOf(document.activeElement as HTMLElement) + step];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}
