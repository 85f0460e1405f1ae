// The texts of the three streams.
import { translate } from "../../i18n/index.ts";

const en = {
  intro: "Each message crosses the wire slowly enough to be seen. The times in the list are the real ones.",
  playAll: "Play all three",
  play: "Play",
  client: "client",
  server: "server",
  list: "Server stream",
  listHint: "One request, five responses.",
  route: "Client stream",
  routeHint: "Five requests, one response after the half-close.",
  conversations: "Bidirectional stream",
  conversationsHint: "Five questions; each has its answer before the next one.",
  events: "What happened: {0}",
  request: "request",
  response: "response",
  halfClose: "half-close",
  nothing: "Nothing yet.",
} as const;

export const texts = {
  en,
  zh: {
    intro: "每条消息都以看得清的速度穿过线路。列表中的时间是真实的。",
    playAll: "三个一起播放",
    play: "播放",
    client: "客户端",
    server: "服务器",
    list: "服务端流",
    listHint: "一个请求，五个响应。",
    route: "客户端流",
    routeHint: "五个请求，半关闭之后一个响应。",
    conversations: "双向流",
    conversationsHint: "五个问题，得到回答之后才问下一个。",
    events: "发生了什么：{0}",
    request: "请求",
    response: "响应",
    halfClose: "半关闭",
    nothing: "尚无内容。",
  },
};

export const ts = translate(texts);
