// The texts of the chat.
import { translate } from "../../i18n/index.ts";

const en = {
  intro: "Each line goes over one bidirectional stream, and has one reply. Every tab of the browser is a stream of its own.",
  conversation: "Conversation",
  empty: "Say something, in Chinese for the best replies.",
  me: "You",
  server: "Server",
  line: "Your line",
  placeholder: "Write a line",
  say: "Send",
  try: "Try",
  open: "The stream is open.",
  waiting: "The stream was lost ({0}). Next attempt in {1} s.",
  resend: "Lines without a reply are sent again then.",
  ended: "The server ended the stream: {0}",
  connect: "Connect now",
  typing: "The server is replying",
  unanswered: "no reply yet",
  failed: "no reply, not sent again",
} as const;

export const texts = {
  en,
  zh: {
    intro: "每行都经由同一个双向流发送，并得到一个回复。浏览器的每个标签页都有自己的流。",
    conversation: "对话",
    empty: "说点什么吧，用中文回复最有趣。",
    me: "你",
    server: "服务器",
    line: "要说的话",
    placeholder: "写一行",
    say: "发送",
    try: "试试",
    open: "流已打开。",
    waiting: "流已断开（{0}）。{1} 秒后重试。",
    resend: "届时会重新发送尚未得到回复的行。",
    ended: "服务器结束了流：{0}",
    connect: "立即连接",
    typing: "服务器正在回复",
    unanswered: "尚无回复",
    failed: "没有回复，不再重发",
  },
};

export const tc = translate(texts);
