// The form of a message that is set: its fields, or the control of its JSON form.
import { wrapped } from "../schema/scalars.ts";
import { type MessageValueProps, useForm } from "./context.ts";
import { ScalarInput } from "./scalar-input.tsx";
import { AnyForm, hasTextForm, JsonForm, TextForm } from "./well-known.tsx";

export function MessageValue({ message, path, ...control }: MessageValueProps) {
  const { MessageFields } = useForm();
  const inner = wrapped(message);
  if (inner !== undefined) return <ScalarInput type={inner.scalar} {...control} />;
  if (hasTextForm(message)) return <TextForm message={message} {...control} />;
  if (message.typeName === "google.protobuf.Any") return <AnyForm path={path} {...control} />;
  if (/^google\.protobuf\.(?:Struct|Value|ListValue)$/.test(message.typeName)) return <JsonForm {...control} />;
  return (
    <div class="group" id={control.id}>
      <MessageFields message={message} value={control.value} onChange={control.onChange} path={path} />
    </div>
  );
}
