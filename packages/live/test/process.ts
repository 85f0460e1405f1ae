// A process of its own that publishes to a log or follows it: node process.ts KIND URL TOPIC ROLE [NAME]
import { natsLive } from "../src/nats/index.ts";
import { postgresLive } from "../src/postgres/index.ts";
import { text } from "./entries.ts";
import { publishUntilStored } from "./publish-until-stored.ts";

const [kind, url = "", topic = "", role, name] = process.argv.slice(2);
const live = kind === "nats" ? natsLive({ url }) : postgresLive({ url }, { pollMs: 60_000 });

if (role === "publish") {
  for (let i = 0; ; i++) {
    const data = `${name}/${i}`;
    await publishUntilStored(live, topic, data);
    process.stdout.write(`${data}\n`);
  }
} else {
  const subscription = await live.subscribe(topic);
  process.stdout.write("open\n");
  for await (const entry of subscription) process.stdout.write(`${text(entry)}\n`);
}
