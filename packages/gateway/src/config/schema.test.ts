// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the values contain references to variables.
// The published schema is the one that the validator comes from, and accepts references to variables.
import { readFileSync } from "node:fs";
import { parseDurationOrZero } from "@grpc-study/command/duration";
import { Ajv } from "ajv";
import fc from "fast-check";
import { expect, test } from "vitest";
import { validate } from "../../gen/config/validate.js";
import { publishedSchema } from "../../scripts/published-schema.ts";
import { configSchema } from "./schema.ts";

const published = JSON.parse(readFileSync(new URL("../../config.schema.json", import.meta.url), "utf8")) as object;

test("config.schema.json is up to date: pnpm build writes it", () => {
  expect(published).toEqual(publishedSchema(configSchema));
});

test("the generated validator and Ajv with the published schema agree", () => {
  const ajv = new Ajv({ strict: true, allowUnionTypes: true }).compile(published);
  const names = Object.keys(configSchema.properties);
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constantFrom("5s", "a:1", "/x", "reject", "json"));
  const inner = fc.dictionary(fc.constantFrom("address", "cert", "key", "timeout", "fieldNames", "maxCalls", "x"), leaf);
  const value = fc.oneof(leaf, inner, fc.array(fc.oneof(leaf, inner), { maxLength: 3 }));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names, "x"), value, { maxKeys: 4 }), (config) => {
      expect(validate(config)).toBe(ajv(config));
    }),
  );
});

test("editors accept references to variables wherever they may stand, and nothing else instead", () => {
  const ajv = new Ajv({ strict: true, allowUnionTypes: true }).compile(published);
  const config = (value: string) => ({
    listen: `localhost:${value}`,
    unbound: value,
    conflicts: value,
    protocols: [value],
    timeouts: { "a.B.*": value },
    limits: { maxCalls: value, timeout: value },
    paths: { docs: value },
    upstreams: [{ address: value, tls: value, services: [value] }],
  });
  for (const reference of ["${NAME}", "${NAME:-8080}"]) expect([ajv(config(reference)), ajv.errors]).toEqual([true, null]);
  for (const [key, value] of Object.entries(config("x y")).filter(([key]) => key !== "upstreams")) {
    expect(ajv({ [key]: value }), key).toBe(false);
  }
  expect(validate(config("${NAME}"))).toBe(false);
});

test("the schema accepts the durations that the command line accepts", () => {
  const part = fc.tuple(fc.double({ min: 0, max: 10, noNaN: true }), fc.constantFrom("ms", "s", "m", "h", "", "d", " "));
  const text = fc.array(part, { maxLength: 3 }).map((parts) => parts.map(([amount, unit]) => `${amount}${unit}`).join(""));
  fc.assert(
    fc.property(fc.oneof(text, fc.constantFrom("1m30s", "5", "1.5s", "-1s", "1e3ms")), (duration) => {
      let isAccepted = true;
      try {
        parseDurationOrZero(duration);
      } catch {
        isAccepted = false;
      }
      // A number of milliseconds is a number in YAML.
      expect(validate({ grace: /^\d+$/.test(duration) ? Number(duration) : duration })).toBe(isAccepted);
    }),
  );
});

test("every setting has a description", () => {
  const visit = (schema: object, path: string): void => {
    const { description, properties } = schema as { description?: string; properties?: Record<string, object> };
    if (path !== "") expect(description, path).toMatch(/\S/);
    for (const [name, child] of Object.entries(properties ?? {})) visit(child, `${path}.${name}`);
  };
  visit(configSchema, "");
});
