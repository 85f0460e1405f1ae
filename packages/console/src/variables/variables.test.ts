// Variables in texts and in messages.
import { describe, expect, test } from "vitest";
import { All, registry } from "../../test/types.ts";
import { parseJson } from "../json/parse.ts";
import { check } from "../schema/check.ts";
import { atOriginalPlaces, resolveMessage } from "./message.ts";
import { hasLiteral, substitute } from "./substitute.ts";

const hostile = '"}, "admin": true, "x": "\\ \n \u2028 {{n}} $& </script>';
const values = new Map([
  ["n", "42"],
  ["big", "9007199254740993"],
  ["yes", "true"],
  ["text", "a b"],
  ["object", '{"stringValue": "inner"}'],
  ["list", '["a", "b"]'],
  ["hostile", hostile],
  ["__proto__", "proto"],
]);

test.each([
  ["{{n}} and {{ text }}", "42 and a b", []],
  ["{{hostile}}", hostile, []],
  ["{{__proto__}}", "proto", []],
  ["{{none}}{{n}}{{toString}}", "{{none}}42{{toString}}", ["none", "toString"]],
  ["\\{{n}} is {{n}}", "{{n}} is 42", []],
  ["{n} {{ }} {{a b}} {{constructor.constructor('x')()}} {{{n}}}", "{n} {{ }} {{a b}} {{constructor.constructor('x')()}} {42}", []],
])("%j becomes %j", (text, expected, unknown) => {
  expect(substitute(text, values)).toEqual({ text: expected, unknown });
});

test.each([
  ["Bearer {{token}}", false],
  ["{{token}}", false],
  ["Basic {{ user }}:{{password}}", false],
  ["", false],
  ["Bearer s3cret", true],
  ["s3cret", true],
  ["Bearer s3cret{{n}}", true],
  ["Bearer \\{{token}}", true],
])("a credential itself is in %j: %j", (text, expected) => expect(hasLiteral(text)).toBe(expected));

describe("in a message", () => {
  const resolve = (text: string) => resolveMessage(text, parseJson(text), All, registry, values);
  const faults = (text: string) => {
    const { value, faults, wholes } = resolve(text);
    return [...faults, ...atOriginalPlaces(check(All, value, registry), wholes)].map(({ path, key }) => `${path.join(".")} ${key}`);
  };

  test.each([
    [
      "a string stays a string",
      '{"stringValue": "{{n}}", "names": ["{{yes}}", "x {{n}}"]}',
      '{"stringValue": "42", "names": ["true", "x 42"]}',
    ],
    ["a whole value has its type", '{"int32Value": "{{n}}", "boolValue": "{{ yes }}"}', '{"int32Value": 42, "boolValue": true}'],
    [
      "no digit is lost",
      '{"uint64Value": "{{big}}", "int64Value": 9007199254740993}',
      '{"uint64Value": 9007199254740993, "int64Value": 9007199254740993}',
    ],
    ["messages and lists", '{"child": "{{object}}", "names": "{{list}}"}', '{"child": {"stringValue": "inner"}, "names": ["a", "b"]}'],
    [
      "maps, wrappers, oneofs",
      '{"counts": {"1": "{{n}}"}, "wrapped": "{{yes}}", "text": "{{n}}"}',
      '{"counts": {"1": "42"}, "wrapped": "true", "text": "42"}',
    ],
    ["free JSON", '{"struct": {"a": ["{{n}}"]}, "value": "{{yes}}"}', '{"struct": {"a": ["42"]}, "value": "true"}'],
    ["a message in an Any", '{"any": {"@type": "x/t.All", "boolValue": "{{yes}}"}}', '{"any": {"@type": "x/t.All", "boolValue": true}}'],
    ["names of fields stay", '{"{{n}}": 1,  "stringValue" :"a"}', '{"{{n}}": 1,  "stringValue" :"a"}'],
  ])("%s", (_name, text, expected) => {
    expect(resolve(text)).toMatchObject({ text: expected, faults: [] });
  });

  test("a value is escaped, so that it cannot add fields", () => {
    for (const text of ['{"stringValue": "{{hostile}}"}', '{"stringValue": "<{{hostile}}>"}', '{"int32Value": "{{hostile}}"}']) {
      const { value, text: resolved } = resolve(text);
      expect(Object.keys(value as object)).toHaveLength(1);
      expect(JSON.parse(resolved)).toEqual(value);
    }
    expect(resolve('{"stringValue": "{{hostile}}"}').value).toEqual({ stringValue: hostile });
  });

  test("a partial one replaces what is known", () => {
    const text = '{"stringValue": "{{n}} {{none}}", "int32Value": "{{none}}"}';
    const { text: resolved, faults } = resolveMessage(text, parseJson(text), All, registry, values, true);
    expect(resolved).toBe('{"stringValue": "42 {{none}}", "int32Value": "{{none}}"}');
    expect(faults.map(({ values }) => values)).toEqual([["none"], ["none"]]);
  });

  test("faults are at the places of their variables", () => {
    expect(faults('{"names": ["a", "{{none}}"], "int32Value": "{{text}}", "child": "{{n}}"}')).toEqual([
      "names.1 unknownVariable",
      "int32Value expectInteger",
      "child expectObject",
    ]);
    expect(faults('{"child": {"children": "{{list}}"}}')).toEqual(["child.children expectObject"]);
  });
});
