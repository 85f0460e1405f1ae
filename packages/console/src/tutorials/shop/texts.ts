// The texts of the shop.
import { translate } from "../../i18n/index.ts";

const en = {
  product: "Product",
  productNo: "Product number",
  stock: "Stock by area",
  area: "Area {0}",
  price: "price",
  refresh: "Refresh",
  order: "Order",
  orderNo: "Order number",
  orderId: "Order id",
  userId: "User",
  money: "Amount",
  place: "Place the order",
  another: "New number",
  orderHint: "The number identifies an order: the same order again is accepted, another one under its number is not.",
  placed: "Accepted: {0} {1}",
  scores: "Scores of users",
  users: "Users",
  usersHint: "Numbers, separated by commas or spaces.",
  show: "Show scores",
  user: "User",
  score: "Score",
  batches: "{0} messages",
  faultNumber: "A whole number from 1 to 2147483647.",
  faultUsers: "1 to 1000 whole numbers from 1 to 2147483647.",
} as const;

export type ShopKey = keyof typeof en;

export const texts = {
  en,
  zh: {
    product: "商品",
    productNo: "商品编号",
    stock: "各区库存",
    area: "{0} 区",
    price: "价格",
    refresh: "刷新",
    order: "订单",
    orderNo: "订单号",
    orderId: "订单 ID",
    userId: "用户",
    money: "金额",
    place: "下单",
    another: "换一个订单号",
    orderHint: "订单由订单号确定：同一订单可以重复提交，同一订单号下的另一个订单会被拒绝。",
    placed: "已接受：{0} {1}",
    scores: "用户积分",
    users: "用户",
    usersHint: "用逗号或空格分隔的数字。",
    show: "显示积分",
    user: "用户",
    score: "积分",
    batches: "{0} 条消息",
    faultNumber: "1 到 2147483647 的整数。",
    faultUsers: "1 到 1000 个 1 到 2147483647 的整数。",
  },
};

export const tsh = translate(texts);
