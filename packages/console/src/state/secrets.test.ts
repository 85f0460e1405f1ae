// What the browser stores, and what links and copies contain, has no secret.
import { afterEach, expect, test } from "vitest";
import { environments } from "./environments.ts";
import { disclosed } from "./metadata.ts";
import { jsonWithoutSecrets, withoutSecrets } from "./secrets.ts";

afterEach(() => {
  environments.value = [];
});

function secrets(values: Readonly<Record<string, string>>): void {
  const variables = Object.entries(values).map(([name, value]) => ({ name, value, secret: true }));
  environments.value = [{ id: "a", name: "a", variables: [...variables, { name: "open", value: "shown", secret: false }] }];
}

test("the names and numbers of JSON stay, whatever a secret is", () => {
  secrets({ one: "1" });
  expect(jsonWithoutSecrets('{"n1": [1, 11111111111111111111, "a1"], "shown": "shown\\u0031"}')).toBe(
    '{"n1": [1, 11111111111111111111, "a{{one}}"], "shown": "shown{{one}}"}',
  );
});

test("a secret that is a part of another one, or of a name, does not break it", () => {
  secrets({ a: "s3", s3: "s3cret$&", quote: 'x"y' });
  expect(withoutSecrets("s3cret$& s3 {{s3}}")).toBe("{{s3}} {{a}} {{s3}}");
  expect(jsonWithoutSecrets(JSON.stringify({ text: 'x"y', json: '{"t":"x\\"y"}' }))).toBe(
    JSON.stringify({ text: "{{quote}}", json: '{"t":"{{quote}}"}' }),
  );
});

test("a text that is no JSON has none either, nor has metadata", () => {
  secrets({ token: "s3cret" });
  expect(jsonWithoutSecrets('{"a": "s3cret')).toBe('{"a": "{{token}}');
  expect(disclosed([["authorization", "Bearer s3cret"]], "all")).toEqual([["authorization", "Bearer {{token}}"]]);
});
