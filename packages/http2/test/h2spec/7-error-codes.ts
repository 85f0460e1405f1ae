// RFC 9113, section 7: error codes.
import { flag, goaway, headers, rstStream } from "../raw/frames.ts";
import { type Case, post, send } from "./case.ts";

export const errorCodes: readonly Case[] = [
  {
    section: "7",
    title: "GOAWAY with an unknown code",
    // The end of the connection is also correct, because the peer asked for it.
    steps: [send(goaway(0, 0xff)), async (peer) => void (await peer.ping("after"))],
  },
  {
    section: "7",
    title: "RST_STREAM with an unknown code",
    steps: [
      send(headers(1, post, flag.endHeaders), rstStream(1, 0xff)),
      async (peer) => {
        if (!(await peer.ping("after"))) throw new Error(`the connection ended: ${peer.transcript()}`);
      },
    ],
  },
];
