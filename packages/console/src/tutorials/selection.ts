// The tutorials among the services, and the one that the URL names.
import { computed } from "@preact/signals";
import { config, packages, query, selectedPath } from "../state/services.ts";
import { findTutorials, type Tutorial } from "./index.ts";

/** Tutorials make calls, so a read-only console has none. */
export const tutorials = computed(() => (config.value?.readOnly === false ? findTutorials(packages.value) : []));

/** The part of the URL after `#/`. */
export const pathOf = ({ name }: Tutorial) => `tutorial/${name}`;

export const selectedTutorial = computed(() => tutorials.value.find((tutorial) => selectedPath.value === pathOf(tutorial)));

/** The tutorials that the list of services shows: a search is for methods. */
export const listedTutorials = computed(() => (query.value.trim() === "" ? tutorials.value : []));
