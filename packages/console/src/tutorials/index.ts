// The tutorials that the page can show, and how each is found among the services. A view is loaded once it is
// opened. A further tutorial is a folder and an entry here.
import type { FunctionComponent } from "preact";
import type { Key } from "../i18n/index.ts";
import type { MethodEntry, PackageEntry, ServiceEntry } from "../schema/services.ts";
import { chatMethods } from "./chat/methods.ts";
import { pushMethods } from "./push/methods.ts";
import { roomsMethods } from "./rooms/methods.ts";
import { shopMethods } from "./shop/methods.ts";
import { streamsMethods } from "./streams/methods.ts";

interface Init<Methods> {
  /** The part of the URL after `#/tutorial/`. */
  readonly name: string;
  /** The name of the tutorial's page and folder. */
  readonly topic: string;
  readonly title: Key;
  readonly find: (services: readonly ServiceEntry[]) => Methods | undefined;
  readonly load: () => Promise<FunctionComponent<{ readonly methods: Methods }>>;
}

export interface Tutorial extends Pick<Init<never>, "name" | "topic" | "title"> {
  /** The full names of its services. */
  readonly services: ReadonlySet<string>;
  /** Loads the view. */
  readonly load: () => Promise<FunctionComponent>;
}

type Find = (services: readonly ServiceEntry[]) => Tutorial | undefined;

function tutorial<Methods extends Readonly<Record<string, { readonly method: MethodEntry }>>>({
  name,
  title,
  topic = name,
  find,
  load,
}: Omit<Init<Methods>, "topic"> & { readonly topic?: string }): Find {
  return (services) => {
    const methods = find(services);
    if (methods === undefined) return undefined;
    const names = Object.values(methods).map(({ method }) => method.desc.parent.typeName);
    return {
      name,
      topic,
      title,
      services: new Set(names),
      load: async () => {
        const View = await load();
        return () => View({ methods });
      },
    };
  };
}

const all: readonly Find[] = [
  tutorial({
    name: "chat",
    title: "tutorialChat",
    find: chatMethods,
    load: async () => (await import("./chat/chat-view.tsx")).ChatView,
  }),
  tutorial({
    name: "rooms",
    topic: "chat",
    title: "tutorialRooms",
    find: roomsMethods,
    load: async () => (await import("./rooms/rooms-view.tsx")).RoomsView,
  }),
  tutorial({
    name: "push",
    title: "tutorialPush",
    find: pushMethods,
    load: async () => (await import("./push/push-view.tsx")).PushView,
  }),
  tutorial({
    name: "shop",
    title: "tutorialShop",
    find: shopMethods,
    load: async () => (await import("./shop/shop-view.tsx")).ShopView,
  }),
  tutorial({
    name: "streams",
    title: "tutorialStreams",
    find: streamsMethods,
    load: async () => (await import("./streams/streams-view.tsx")).StreamsView,
  }),
];

/** The tutorials whose services are there. */
export function findTutorials(packages: readonly PackageEntry[]): readonly Tutorial[] {
  const services = packages.flatMap((one) => one.services);
  return all.flatMap((find) => find(services) ?? []);
}
