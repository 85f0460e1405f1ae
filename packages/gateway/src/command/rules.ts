// The rules of a configuration: its own, and those in files.
import { readFileSync } from "node:fs";
import { fileProblem } from "@grpc-study/command/file-problem";
import type { Config } from "../config/config.ts";
import { parseRules, readRules } from "../http-rule/read-rules.ts";
import { type HttpRuleInit, RuleError } from "../http-rule/rule.ts";
import { UsageError } from "./upstream-server.ts";

/** @throws RuleError, UsageError */
export function rulesOf({ rules = [], ruleFiles = [] }: Config): readonly HttpRuleInit[] {
  return [...ruleFiles.flatMap(readRuleFile), ...readRules({ http: { rules } })];
}

/** @throws UsageError if the file cannot be read, or has no valid rules. */
export function readRuleFile(file: string): readonly HttpRuleInit[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(fileProblem(file, error), { cause: error });
  }
  try {
    return parseRules(text);
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    throw new UsageError(`${file}: ${error.message}`, { cause: error });
  }
}
