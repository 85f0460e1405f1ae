// Bindings of the service Things with custom rules, for tests.
import type { DescMethod } from "@bufbuild/protobuf";
import { type Binding, bindingsOf, type HttpRuleInit, rulesBySelector } from "../src/http-rule/rule.ts";
import { Things } from "./gen/things_pb.js";

/** A rule without its selector. */
export type HttpRuleOfMethod = Omit<Exclude<HttpRuleInit, { $unknown?: unknown }>, "selector">;

/** The binding of a method with a rule. */
export function bindingOf(rule: HttpRuleOfMethod, method: DescMethod = Things.method.get): Binding {
  const [binding] = bindingsOf(method, { rules: rulesBySelector([{ ...rule, selector: `${method.parent.typeName}.${method.name}` }]) });
  if (binding === undefined) throw new Error("the rule has no binding");
  return binding;
}
