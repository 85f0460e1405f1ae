// The rules of buf.validate: in words, and as a check. The page loads this for methods whose requests have rules.
export { checkRules } from "./check.ts";
export { violationsOf } from "./violations.ts";
export { rulesOf } from "./words.ts";
