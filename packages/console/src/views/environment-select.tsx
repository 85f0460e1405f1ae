// Chooses the environment whose variables apply.
import { t } from "../i18n/index.ts";
import { environments, selectEnvironment, selectedEnvironment } from "../state/environments.ts";

export function EnvironmentSelect({ class: name = "" }: { readonly class?: string }) {
  return (
    <select
      aria-label={t("environment")}
      class={name}
      value={selectedEnvironment.value}
      onChange={(event) => selectEnvironment(event.currentTarget.value)}
    >
      <option value="">{t("noEnvironment")}</option>
      {environments.value.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}
