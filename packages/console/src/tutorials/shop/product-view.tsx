// A product: its name, its price, and its stock in each area.
import { useEffect, useId, useState } from "preact/hooks";
import type { Status } from "../../call/status.ts";
import { language } from "../../i18n/index.ts";
import { callOnce } from "../calls.ts";
import { StatusLine } from "../status-line.tsx";
import { Input, isId } from "./input.tsx";
import type { ShopMethods } from "./methods.ts";
import { tsh } from "./texts.ts";

/** The product of the tutorial. */
const firstProduct = "998";

interface Shown {
  readonly name: string;
  readonly price: number;
  readonly stock: readonly { readonly area: string; readonly count: number }[];
}

export function ProductView({ methods: { GetProdInfo, GetProdStock } }: { readonly methods: ShopMethods }) {
  const heading = useId();
  const [id, setId] = useState(firstProduct);
  const [version, setVersion] = useState(0);
  const [shown, setShown] = useState<Shown>();
  const [status, setStatus] = useState<Status>();
  const areas = GetProdStock.method.desc.input.fields.find(({ name }) => name === "prod_area")?.enum?.values.map(({ name }) => name) ?? [];
  useEffect(() => {
    if (!isId(id)) return;
    let left = false;
    const ask = async () => {
      const prod_id = Number(id);
      const [info, ...stock] = await Promise.all([
        callOnce(GetProdInfo, { prod_id, prod_area: areas[0] ?? "" }),
        ...areas.map(async (prod_area) => ({ area: prod_area, ...(await callOnce(GetProdStock, { prod_id, prod_area })) })),
      ]);
      if (left) return;
      const failed = [info, ...stock].find((one) => one.status !== undefined);
      setStatus(failed?.status);
      const { prod_name: name = "", prod_price: price = 0 } = info.message ?? {};
      setShown(failed ? undefined : { name, price, stock: stock.map(({ area, message }) => ({ area, count: message?.prod_stock ?? 0 })) });
    };
    // While the reader types, the last number counts.
    const timer = setTimeout(() => void ask(), 150);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [id, version]);
  const most = Math.max(1, ...(shown?.stock.map(({ count }) => count) ?? []));
  return (
    <section class="card" aria-labelledby={heading}>
      <div class="bar">
        <h2 id={heading}>{tsh("product")}</h2>
        <button type="button" class="quiet" onClick={() => setVersion(version + 1)}>
          {tsh("refresh")}
        </button>
      </div>
      <Input label="productNo" value={id} onInput={setId} isNumber fault={isId(id) ? "" : tsh("faultNumber")} />
      {status !== undefined && <StatusLine status={status} />}
      {shown !== undefined && (
        <>
          <p class="product">
            <b dir="auto">{shown.name}</b>{" "}
            <span>
              <span class="hint">{tsh("price")}</span> {shown.price.toLocaleString(language.value, { maximumFractionDigits: 2 })}
            </span>
          </p>
          <dl class="stock" aria-label={tsh("stock")}>
            {shown.stock.map(({ area, count }) => (
              <div key={area}>
                <dt>{tsh("area", area)}</dt>
                <dd>
                  <b>{count.toLocaleString(language.value)}</b>
                  <meter max={most} value={count} aria-hidden="true" />
                </dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </section>
  );
}
