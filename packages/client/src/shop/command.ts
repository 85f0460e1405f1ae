import { fromJson } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { ProdAreas } from "@grpc-study/proto/shop";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { parseCount, parseFloat32, parseInt32, parsePosition } from "../number.ts";
import { action, type Io, topic } from "../topic.ts";
import { type Area, info, type Order, type OrderList, order, orders, stock, stocks, tutorial } from "./client.ts";
import { scores } from "./scores.ts";
import { type Watch, watch } from "./watch.ts";

const areas = Object.keys(ProdAreas).filter((name) => Number.isNaN(Number(name)));

export function shopCommand(io: Io): Command {
  const commands = [
    new Command("stock")
      .description("print the stock of a product in an area")
      .option("--id <id>", "id of the product", parseInt32, 10086)
      .addOption(new Option("--area <area>", "area of the stock").choices(areas).default("A"))
      .action(action<{ id: number; area: Area }>(io, (context, { id, area }) => stock(context, id, area))),
    new Command("stocks")
      .description("print the stock of products")
      .option("--size <n>", "number of products", parseInt32, 10)
      .action(action<{ size: number }>(io, (context, { size }) => stocks(context, size))),
    new Command("info")
      .description("print a product")
      .option("--id <id>", "id of the product", parseInt32, 10086)
      .action(action<{ id: number }>(io, (context, { id }) => info(context, id))),
    new Command("scores")
      .description("print the scores of users")
      .option("--users <n>", "users 1 to n", parseCount, 5)
      .addOption(new Option("--mode <mode>", "the side that streams").choices(Object.keys(scores)).default("unary"))
      .option("--batches <n>", "number of requests of a client that streams", parseCount, 3)
      .action(
        action<{ users: number; mode: keyof typeof scores; batches: number }>(io, (context, { users, mode, batches }) =>
          scores[mode](context, users, batches),
        ),
      ),
    new Command("order")
      .description("place an order")
      .requiredOption("--id <id>", "id of the order", parseInt32)
      .requiredOption("--no <text>", "number of the order, as text")
      .requiredOption("--user-id <id>", "id of the user", parseInt32)
      .requiredOption("--money <amount>", "amount of the order", parseFloat32)
      .option("--time <time>", "time of the order, such as 2021-07-22T10:00:00Z (default: now)", parseTime)
      .action(action<Order>(io, (context, options) => order(context, options))),
    new Command("orders")
      .description("print placed orders, or one of them")
      .addOption(new Option("--no <text>", "number of a single order, as text").conflicts(["filter", "pageSize", "pageToken", "all"]))
      .option("--filter <text>", "comparisons joined by AND, such as 'user_id = 7 AND order_money >= 20'", "")
      .option("--page-size <n>", "most orders of a page", parseCount, 50)
      .option("--page-token <token>", "next_page_token of the previous page", "")
      .option("--all", "print all pages")
      .action(action<OrderList>(io, (context, options) => orders(context, options))),
    new Command("watch")
      .description("print orders as they are placed, until Ctrl-C; continues after the last one if the server restarts")
      .option("--from <position>", "print the orders after this position, 0 for all (default: from now on)", parsePosition)
      .option("--filter <text>", "comparisons joined by AND, as of orders", "")
      .action(action<Watch>(io, (context, options) => watch(context, options))),
  ];
  const shop = topic("shop", "localhost:8083", "ask a shop for stock and scores, and place orders")
    .usage("[options] [command]")
    // The argument rejects unknown commands. Without a description, it is not in the help.
    .addArgument(new Argument("[command]").choices(commands.map((command) => command.name())))
    .action(action(io, (context) => tutorial(context)));
  for (const command of commands) shop.addCommand(command);
  return shop;
}

function parseTime(text: string): Timestamp {
  try {
    return fromJson(TimestampSchema, text);
  } catch {
    throw new InvalidArgumentError("It must be a time such as 2021-07-22T10:00:00Z.");
  }
}
