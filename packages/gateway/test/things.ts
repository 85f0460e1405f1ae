// What the gateway's tests share: bindings of the service Things by rules of their own.
import type { DescMethod } from "@bufbuild/protobuf";
import { type Binding, bindingsOf, type HttpRuleInit } from "../src/http-rule/rule.ts";
import { Things } from "./gen/things_pb.js";

/** A rule without its selector. */
export type HttpRuleOfMethod = Omit<Exclude<HttpRuleInit, { $unknown?: unknown }>, "selector">;

/** The only binding of a method by a rule. */
export function bindingOf(rule: HttpRuleOfMethod, method: DescMethod = Things.method.get): Binding {
  const [binding] = bindingsOf(method, { rules: [{ ...rule, selector: `${method.parent.typeName}.${method.name}` }] });
  if (binding === undefined) throw new Error("there is no binding");
  return binding;
}
