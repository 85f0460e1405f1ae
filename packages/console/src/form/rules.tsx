// The rules of buf.validate of a field, a oneof or a message, in words.
import type { DescField, DescMessage, DescOneof } from "@bufbuild/protobuf";
import { t } from "../i18n/index.ts";
import { useForm } from "./context.ts";

interface RulesProps {
  readonly of: DescField | DescMessage | DescOneof;
  readonly id?: string;
}

export function Rules({ of, id }: RulesProps) {
  const rules = useForm().rulesOf(of);
  if (rules.length === 0) return null;
  return (
    <ul class="rules" id={id} aria-label={t("rules")}>
      {rules.map(({ text: { key, values } }, index) => (
        <li key={index}>{t(key, ...values)}</li>
      ))}
    </ul>
  );
}
