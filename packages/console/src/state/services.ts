// The services, the search in them, and the selected method, which the URL names.
import { batch, computed, signal } from "@preact/signals";
import { type Loaded, load } from "../schema/load.ts";
import { findMethod, prepareSearch, search, serviceTree } from "../schema/services.ts";

export type LoadState =
  | { readonly kind: "loading" }
  | { readonly kind: "failed"; readonly message: string }
  | ({ readonly kind: "loaded" } & Loaded);

export const loadState = signal<LoadState>({ kind: "loading" });

/** What the reader searches for. */
export const query = signal("");

/** The part of the URL after `#/`: `package.Service/Method`. */
export const selectedPath = signal("");

/** The part after that and a `?`: a shared request. */
export const sharedPart = signal("");

export const packages = computed(() => {
  const state = loadState.value;
  if (state.kind !== "loaded") return [];
  const { config, registry } = state;
  return serviceTree(registry, { services: config.upstreams.flatMap(({ services }) => services), rules: config.rules });
});

export const found = computed(() => search(packages.value, query.value));

export const selected = computed(() => findMethod(packages.value, selectedPath.value));

export const config = computed(() => (loadState.value.kind === "loaded" ? loadState.value.config : undefined));

/** Whether the page calls no method. */
export const isReadOnly = computed(() => config.value?.readOnly === true);

export const registry = computed(() => (loadState.value.kind === "loaded" ? loadState.value.registry : undefined));

/** The URL of the gateway, with a slash at its end. Calls start from it. */
export function rootUrl(): URL {
  return new URL(config.value?.root ?? "../", location.href.replace(/#.*/, ""));
}

export async function loadServices(): Promise<void> {
  loadState.value = { kind: "loading" };
  try {
    loadState.value = { kind: "loaded", ...(await load()) };
    // After the first view.
    setTimeout(() => void prepareSearch(packages.value), 1000);
  } catch (error) {
    loadState.value = { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

/** Follows the URL. */
export function startSelection(): void {
  const follow = () => {
    const [path = "", shared = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
    batch(() => {
      selectedPath.value = decoded(path);
      sharedPart.value = shared;
    });
  };
  addEventListener("hashchange", follow);
  follow();
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
