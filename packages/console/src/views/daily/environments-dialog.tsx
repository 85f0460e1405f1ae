// The environments and their variables.
import { useState } from "preact/hooks";
import { t } from "../../i18n/index.ts";
import { isMemoryOnly } from "../../state/database.ts";
import {
  addEnvironment,
  changeEnvironment,
  type Environment,
  environments,
  nameFault,
  removeEnvironment,
  selectEnvironment,
  selectedEnvironment,
  type Variable,
} from "../../state/environments.ts";
import { Dialog } from "../../ui/dialog.tsx";

export function EnvironmentsDialog({ onClose }: { readonly onClose: () => void }) {
  const environment = environments.value.find(({ id }) => id === selectedEnvironment.value);
  return (
    <Dialog label={t("environments")} class="wide" onClose={onClose}>
      <p class="hint">{t("environmentsHint")}</p>
      {isMemoryOnly.value && <p class="notice">{t("memoryOnly")}</p>}
      <div class="row">
        <select
          aria-label={t("environment")}
          class="grow"
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
        <button type="button" onClick={() => addEnvironment(t("newEnvironment", environments.value.length + 1))}>
          {t("addEnvironment")}
        </button>
      </div>
      {environment !== undefined && <EnvironmentForm key={environment.id} environment={environment} />}
    </Dialog>
  );
}

function EnvironmentForm({ environment }: { readonly environment: Environment }) {
  const { id, name, variables } = environment;
  const [isRemoving, setIsRemoving] = useState(false);
  const change = (index: number, changed: Partial<Variable>) =>
    changeEnvironment({ ...environment, variables: variables.map((one, at) => (at === index ? { ...one, ...changed } : one)) });
  // A secret is one from its first character on: the browser stores what is typed.
  const add = (secret: boolean) => changeEnvironment({ ...environment, variables: [...variables, { name: "", value: "", secret }] });
  return (
    <>
      <label class="field">
        {t("name")}
        <input
          type="text"
          autocomplete="off"
          maxLength={100}
          value={name}
          onInput={(event) => changeEnvironment({ ...environment, name: event.currentTarget.value })}
        />
      </label>
      {variables.map((variable, index) => {
        const fault = nameFault(environment, variable.name);
        return (
          <div key={index} class="variable">
            <div class="row">
              <input
                type="text"
                autocomplete="off"
                spellcheck={false}
                aria-label={t("variable")}
                placeholder={t("variable")}
                value={variable.name}
                aria-invalid={fault !== undefined}
                onInput={(event) => change(index, { name: event.currentTarget.value })}
              />
              <input
                type="text"
                class={variable.secret ? "grow secret" : "grow"}
                autocomplete="off"
                spellcheck={false}
                aria-label={t("variableValue", variable.name)}
                placeholder={variable.secret ? t("secretHint") : t("metadataValue")}
                value={variable.value}
                onInput={(event) => change(index, { value: event.currentTarget.value })}
              />
              <label class="check">
                <input
                  type="checkbox"
                  checked={variable.secret}
                  onChange={(event) => change(index, { secret: event.currentTarget.checked })}
                />{" "}
                {t("secret")}
              </label>
              <button
                type="button"
                class="quiet"
                aria-label={t("removeOf", variable.name || t("variable"))}
                onClick={() => changeEnvironment({ ...environment, variables: variables.toSpliced(index, 1) })}
              >
                ×
              </button>
            </div>
            {fault !== undefined && <p class="fault">{t(fault)}</p>}
          </div>
        );
      })}
      <div class="row">
        <button type="button" onClick={() => add(false)}>
          {t("addVariable")}
        </button>
        <button type="button" onClick={() => add(true)}>
          {t("addSecret")}
        </button>
        <button type="button" class="quiet" onClick={() => (isRemoving ? removeEnvironment(id) : setIsRemoving(true))}>
          {isRemoving ? t("removeSure", name) : t("removeOf", name)}
        </button>
      </div>
    </>
  );
}
