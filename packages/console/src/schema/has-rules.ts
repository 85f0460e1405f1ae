// Whether messages have rules of buf.validate, without the code that reads these.
import type { DescMessage, Message } from "@bufbuild/protobuf";

/** The number of the options `buf.validate.message`, `oneof` and `field`, which have no schema here. */
const option = 1159;

const known = new WeakMap<DescMessage, boolean>();

/** Whether a message, or one in it, has rules. */
export function hasRules(message: DescMessage): boolean {
  let answer = known.get(message);
  if (answer === undefined) {
    answer = [...withMessagesIn(message)].some(({ proto, fields, oneofs }) => [{ proto }, ...fields, ...oneofs].some(hasOption));
    known.set(message, answer);
  }
  return answer;
}

function hasOption({ proto }: { readonly proto: { readonly options?: Message | undefined } }): boolean {
  return proto.options?.$unknown?.some(({ no }) => no === option) ?? false;
}

function* withMessagesIn(message: DescMessage): Generator<DescMessage> {
  const seen = new Set([message]);
  // The set grows while the loop runs.
  for (const one of seen) {
    yield one;
    for (const { message: inner } of one.fields) if (inner !== undefined) seen.add(inner);
  }
}
