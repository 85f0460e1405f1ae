// An order, with its faults at their fields: those that the page finds, and those that the server finds.
import { useEffect, useId, useState } from "preact/hooks";
import type { Status } from "../../call/status.ts";
import { t } from "../../i18n/index.ts";
import { check } from "../../schema/check.ts";
import type { MethodEntry } from "../../schema/services.ts";
import { pathOfField } from "../../schema/violations.ts";
import { violationsIn } from "../../state/faults.ts";
import { checkRules, loadRules } from "../../state/rules.ts";
import { registry } from "../../state/services.ts";
import { callOnce } from "../calls.ts";
import { StatusLine } from "../status-line.tsx";
import { Input } from "./input.tsx";
import type { ShopMethods } from "./methods.ts";
import { tsh } from "./texts.ts";

type Field = "order_no" | "order_id" | "user_id" | "order_money";
type Values = Readonly<Record<Field, string>>;
type Faults = Readonly<Partial<Record<Field, string>>>;

type Result = { readonly accepted: string } | { readonly status: Status; readonly at: Faults };

/** A number that no other order has, in all likelihood. */
const newNumber = () => `web-${Date.now().toString(36)}`;

export function OrderForm({ method }: { readonly method: ShopMethods["NewOrder"] }) {
  const heading = useId();
  const [values, setValues] = useState<Values>(() => ({ order_no: newNumber(), order_id: "1", user_id: "7", order_money: "20.5" }));
  // The same order again must be the same in each field.
  const [time, setTime] = useState(() => new Date().toISOString());
  const [result, setResult] = useState<Result>();
  const [isRunning, setRunning] = useState(false);
  const faults = faultsOf(method.method, values);
  useEffect(() => void loadRules(), []);
  const ofServer = result !== undefined && "at" in result ? result.at : {};
  const change = (more: Partial<Values>) => {
    setValues({ ...values, ...more });
    setResult(undefined);
  };
  const place = async (event: Event) => {
    event.preventDefault();
    if (Object.keys(faults).length > 0 || isRunning) return;
    setRunning(true);
    const { message, status } = await callOnce(method, {
      order_main: {
        order_no: values.order_no,
        order_id: Number(values.order_id),
        user_id: Number(values.user_id),
        order_money: Number(values.order_money),
        order_time: time,
      },
    });
    setRunning(false);
    setResult(
      status === undefined
        ? { accepted: tsh("placed", message.status, message.message) }
        : { status, at: faultsAt(method.method, values, status) },
    );
  };
  const input = (field: Field) => ({
    value: values[field],
    fault: faults[field] ?? ofServer[field] ?? "",
    isNumber: field !== "order_no",
    onInput: (value: string) => change({ [field]: value }),
  });
  return (
    <section class="card" aria-labelledby={heading}>
      <div class="bar">
        <h2 id={heading}>{tsh("order")}</h2>
        <button
          type="button"
          class="quiet"
          onClick={() => {
            change({ order_no: newNumber() });
            setTime(new Date().toISOString());
          }}
        >
          {tsh("another")}
        </button>
      </div>
      <p class="hint">{tsh("orderHint")}</p>
      <form onSubmit={place}>
        <Input label="orderNo" {...input("order_no")} />
        <Input label="orderId" {...input("order_id")} />
        <Input label="userId" {...input("user_id")} />
        <Input label="money" {...input("order_money")} />
        <button type="submit" class="primary" disabled={isRunning}>
          {tsh("place")}
        </button>
      </form>
      {result !== undefined &&
        ("accepted" in result ? (
          <p class="status ok" role="status">
            {result.accepted}
          </p>
        ) : (
          <StatusLine status={result.status} />
        ))}
    </section>
  );
}

/** The faults that the page finds, by the types and the rules of the .proto file. */
function faultsOf({ desc }: MethodEntry, order_main: Values): Faults {
  if (registry.value === undefined) return {};
  const request = { order_main };
  const ofTypes = check(desc.input, request, registry.value);
  const all = [...ofTypes, ...checkRules(desc.input, request, ofTypes).faults];
  return {
    // JSON has no number for what the type accepts as Infinity.
    ...(!Number.isFinite(Number(order_main.order_money)) && { order_money: t("expectNumber") }),
    ...Object.fromEntries(all.map(({ path, key, values }) => [String(path[1]), t(key, ...values)])),
  };
}

/** The faults that the server found. Another order under the number is a fault of the number. */
function faultsAt({ desc }: MethodEntry, order_main: Values, { code, message, details }: Status): Faults {
  if (code === "ALREADY_EXISTS") return { order_no: message };
  return Object.fromEntries(
    violationsIn(details).map(({ field, text }) => [String(pathOfField(desc.input, { order_main }, field)?.[1]), text]),
  );
}
