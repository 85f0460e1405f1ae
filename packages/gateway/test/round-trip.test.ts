// Round trip: the gateway decodes a request to the message that it was encoded from.
import { toBinary } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RequestBinder } from "../src/fields/bind-request.ts";
import type { Binding } from "../src/http-rule/rule.ts";
import { Router } from "../src/router.ts";
import { arbitraryMessage } from "./arbitrary-message.ts";
import { encodeRequest } from "./encode-request.ts";
import { type Thing, ThingSchema } from "./gen/things_pb.js";
import { bindingOf } from "./things.ts";

const templates = [
  "/v1/things",
  "/v1/{string_value}",
  "/v1/{string_value}:verb",
  "/v1/{string_value=**}",
  "/v1/{string_value=**}:verb",
  "/v1/{string_value=**}/items/{optional_value}",
  "/v1/{nested.string_value}/{nested.int64_value}/{nested.nested.bool_value}/{nested.enum_value}",
  "/v1/{float_value}/{double_value}/{bytes_value}/{uint64_value}/{sint32_value}/{fixed64_value}/{text_int64}",
  "/v1/{timestamp_value}/{duration_value}/{wrapper_int64_value}/{wrapper_string_value}",
];
const bodies = [
  "",
  "*",
  "nested",
  "string_value",
  "double_value",
  "repeated_value",
  "things",
  "map_value5",
  "struct_value",
  "timestamp_value",
];
const rules = templates.flatMap((template) =>
  bodies.filter((body) => body === "" || body === "*" || !template.includes(`{${body}`)).map((body) => ({ template, body })),
);

/** Random strings rarely match a template with several segments. */
const resources = fc.constantFrom("a", "shelves/1/books/ü", "a b/c+d/%2F", "a:b/c:d", "", "x/items/y");

test.each(rules)("post $template, body $body", ({ template, body }) => {
  const binding = bindingOf({ pattern: { case: "post", value: template }, body });
  const binder = new RequestBinder(binding, { json: {}, rejectUnknownParameters: true });
  const router = new Router<{ binding: Binding }>();
  router.add({ binding });
  let requests = 0;
  const property = fc.property(arbitraryMessage(ThingSchema), resources, (message, resource) => {
    setVariables(binding, message, template.includes("**") ? resource : undefined);
    const encoded = encodeRequest(binding, message);
    if (encoded === undefined) return;
    requests++;
    const found = router.match(encoded.method, encoded.path);
    if (found === undefined) throw new Error(`${encoded.path} has no route`);
    const bound = binder.bind({ segments: found.segments, query: encoded.query }, encoded.body);
    expect(hex(bound as Thing), JSON.stringify(encoded)).toBe(hex(message));
  });
  fc.assert(property, { numRuns: 60, seed: 20_211 });
  expect(requests).toBeGreaterThan(20);
});

/** Sets the fields in the path: a path cannot express an unset field. */
function setVariables({ variables }: Binding, message: Thing, resource: string | undefined): void {
  for (const { path } of variables) {
    let parent = reflect(ThingSchema, message);
    for (const field of path.slice(0, -1)) {
      if (field.fieldKind !== "message") throw new Error(`${field.name} is not a message field`);
      if (!parent.isSet(field)) parent.set(field, parent.get(field));
      parent = parent.get(field);
    }
    const leaf = path[path.length - 1] ?? path[0];
    if (leaf.name === "string_value" && resource !== undefined) parent.set(leaf, resource);
    else if (leaf.fieldKind === "message" ? !parent.isSet(leaf) : leaf.presence !== 2 && !parent.isSet(leaf))
      parent.set(leaf, parent.get(leaf));
  }
}

const hex = (message: Thing) => Buffer.from(toBinary(ThingSchema, message)).toString("hex");
