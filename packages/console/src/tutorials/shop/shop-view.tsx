// The shop as a page: a product and its stock, an order, scores of users.
import "./shop.css";
import type { ShopMethods } from "./methods.ts";
import { OrderForm } from "./order-form.tsx";
import { ProductView } from "./product-view.tsx";
import { ScoresView } from "./scores-view.tsx";

export function ShopView({ methods }: { readonly methods: ShopMethods }) {
  return (
    <div class="cards">
      <ProductView methods={methods} />
      <OrderForm method={methods.NewOrder} />
      <ScoresView method={methods.GetUserScoreByServerStream} />
    </div>
  );
}
