// The faults of a value.
import { t } from "../i18n/index.ts";
import type { Path } from "../schema/check.ts";
import { idOf, keyOf, useForm } from "./context.ts";

export function Faults({ path }: { readonly path: Path }) {
  const { faults } = useForm();
  const own = faults.get(keyOf(path)) ?? [];
  if (own.length === 0) return null;
  return (
    <p class="fault" id={`${idOf(path)}-fault`}>
      {own.map(({ key, values }) => t(key, ...values)).join(" ")}
    </p>
  );
}
