// An order, with its faults at their fields: those that the page finds, and those that the server finds.
import { useId, useState } from "preact/hooks";
import { asObject, type Status } from "../../call/status.ts";
import { callOnce } from "../calls.ts";
import { StatusLine } from "../status-line.tsx";
import { Input, isId } from "./input.tsx";
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
  const faults = faultsOf(values);
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
    setResult(status === undefined ? { accepted: tsh("placed", message.status, message.message) } : { status, at: faultsAt(status) });
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

/** The rules of the .proto file. */
function faultsOf({ order_no, order_id, user_id, order_money }: Values): Faults {
  const characters = [...order_no].length;
  return {
    ...((characters < 1 || characters > 64) && { order_no: tsh("faultText") }),
    ...(!isId(order_id) && { order_id: tsh("faultNumber") }),
    ...(!isId(user_id) && { user_id: tsh("faultNumber") }),
    ...((order_money.trim() === "" || !(Number(order_money) >= 0) || !Number.isFinite(Number(order_money))) && {
      order_money: tsh("faultMoney"),
    }),
  };
}

/** The faults that the server found, by field. Another order under the number is a fault of the number. */
function faultsAt({ code, message, details }: Status): Faults {
  if (code === "ALREADY_EXISTS") return { order_no: message };
  const violations = details.flatMap(({ debug }) => {
    const { fieldViolations, field_violations } = asObject(debug);
    return [fieldViolations ?? field_violations ?? []].flat().map(asObject);
  });
  const known: readonly Field[] = ["order_no", "order_id", "user_id", "order_money"];
  return Object.fromEntries(
    violations.flatMap(({ field, description }) => {
      const name = known.find((one) => String(field).endsWith(one));
      return name === undefined ? [] : [[name, String(description)]];
    }),
  );
}
