// Templates as URLs of Fastify's router.
import type { Binding } from "../http-rule/rule.ts";

/** What Fastify's router reads as text, except the colon, which is doubled. */
const plain = /^[\w\-.~!$&'+,;=@:]*$/;

/**
 * The URL of a binding in Fastify: `/v1/{name=shelves/*}:read` is `/v1/shelves/:name`. It matches at
 * least the paths of the template: what Fastify cannot express is a wildcard.
 */
export function fastifyUrl({ template }: Pick<Binding, "template">): string {
  const { segments, variables, verb } = template;
  let url = "";
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === "**") return `${url}/*`;
    if (segment === "*") {
      const field =
        variables.find(({ start, end = segments.length }) => start <= index && index < end)?.field.replaceAll(".", "_") ?? "segment";
      // A name may occur once.
      url += url.includes(`:${field}`) ? `/:${field}_${index}` : `/:${field}`;
      continue;
    }
    const text = last && verb !== undefined ? `${segment.literal}:${verb}` : segment.literal;
    if (!plain.test(text)) return `${url}/*`;
    url += `/${text.replaceAll(":", "::")}`;
  }
  return url;
}
