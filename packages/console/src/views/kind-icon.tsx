// The call kind as arrows: one or many requests, one or many responses.
import { type Key, t } from "../i18n/index.ts";
import type { CallKind } from "../schema/services.ts";

const arrows: Readonly<Record<CallKind, readonly [requests: string, responses: string]>> = {
  unary: ["→", "←"],
  server_streaming: ["→", "⇇"],
  client_streaming: ["⇉", "←"],
  bidi_streaming: ["⇉", "⇇"],
};

export function KindIcon({ kind }: { readonly kind: CallKind }) {
  return (
    <span class={`kind ${kind}`} role="img" aria-label={t(kind satisfies Key)} title={t(kind)}>
      {arrows[kind]}
    </span>
  );
}
