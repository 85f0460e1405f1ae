// The template cases of grpc-gateway, grpc-httpjson-transcoding and vanguard-go.
import { expect, test } from "vitest";
import { parseTemplate, TemplateError } from "../src/http-rule/template.ts";
import { templateCases } from "./cases/templates.ts";
import { vanguardTemplates } from "./cases/vanguard.ts";

test.each([...templateCases, ...vanguardTemplates])("$from: $template", ({ template, segments, verb, variables = [] }) => {
  if (segments === undefined) {
    expect(() => parseTemplate(template)).toThrow(TemplateError);
    return;
  }
  const parsed = parseTemplate(template);
  expect(parsed.segments.map((segment) => (typeof segment === "string" ? segment : segment.literal))).toEqual(segments);
  expect(parsed.verb).toBe(verb);
  // `end` is undefined for a variable that extends to the end of the path.
  expect(parsed.variables.map(({ field, start, end = segments.length }) => [field, start, end])).toEqual(variables);
});
