// The live push: a feed for each of the three streams.
import "./push.css";
import { FeedView } from "./feed-view.tsx";
import type { PushMethods } from "./methods.ts";
import { tp } from "./texts.ts";

export function PushView({ methods: { GetStream, PutStream, AllStream } }: { readonly methods: PushMethods }) {
  return (
    <div class="cards">
      <FeedView title={tp("server")} hint={tp("serverHint")} method={GetStream} />
      <FeedView title={tp("client")} hint={tp("clientHint")} method={PutStream} />
      <FeedView title={tp("both")} hint={tp("bothHint")} method={AllStream} />
    </div>
  );
}
