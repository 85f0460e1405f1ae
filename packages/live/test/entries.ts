import type { Entry, Live, Subscription } from "../src/index.ts";

export const bytes = (text: string) => new TextEncoder().encode(text);

export const text = ({ data }: Entry) => new TextDecoder().decode(data);

/** Takes the texts of the next entries. */
export async function take(subscription: Subscription, count: number): Promise<string[]> {
  const texts: string[] = [];
  while (texts.length < count) {
    const { done, value } = await subscription.next();
    if (done) break;
    texts.push(text(value));
  }
  return texts;
}

/** Publishes the texts `prefix first` to `prefix last`, one after the other. */
export async function publishAll(live: Live, topic: string, prefix: string, count: number, first = 0): Promise<bigint> {
  let position = 0n;
  for (let i = first; i < first + count; i++) position = await live.publish(topic, bytes(`${prefix}${i}`));
  return position;
}

export const numbered = (prefix: string, count: number, first = 0) => Array.from({ length: count }, (_, i) => `${prefix}${first + i}`);
