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
  selectedEnvironment,
  type Variable,
} from "../../state/environments.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { PairRow } from "../../ui/pair-row.tsx";
import { EnvironmentSelect } from "../environment-select.tsx";

export function EnvironmentsDialog({ onClose }: { readonly onClose: () => void }) {
  const environment = environments.value.find(({ id }) => id === selectedEnvironment.value);
  return (
    <Dialog label={t("environments")} class="wide" onClose={onClose}>
      <p class="hint">{t("environmentsHint")}</p>
      {isMemoryOnly.value && <p class="notice">{t("memoryOnly")}</p>}
      <div class="row">
        <EnvironmentSelect class="grow" />
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
          <PairRow
            key={index}
            name={{
              label: t("variable"),
              value: variable.name,
              isInvalid: fault !== undefined,
              onInput: (name) => change(index, { name }),
            }}
            value={{
              label: t("variableValue", variable.name),
              placeholder: variable.secret ? t("secretHint") : t("metadataValue"),
              value: variable.value,
              isInvalid: false,
              isSecret: variable.secret,
              onInput: (value) => change(index, { value }),
            }}
            removeLabel={t("removeOf", variable.name || t("variable"))}
            onRemove={() => changeEnvironment({ ...environment, variables: variables.toSpliced(index, 1) })}
            fault={fault && t(fault)}
          >
            <label class="check">
              <input
                type="checkbox"
                checked={variable.secret}
                onChange={(event) => change(index, { secret: event.currentTarget.checked })}
              />{" "}
              {t("secret")}
            </label>
          </PairRow>
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
