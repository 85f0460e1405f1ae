// The page that leads to the consoles of the topics, in English and Chinese. It needs no script.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FrontedTopic } from "@grpc-study/server";

/** The summaries of topics in Chinese. Topics of others have none. */
const summaries: Readonly<Record<string, string>> = {
  chat: "在一个双向流上聊天",
  hello: "问候：明文、TLS、双向 TLS 和令牌",
  "hello-stream": "在双向流上问候",
  helloworld: "第一个服务，带反射",
  streams: "三种流，各用一个服务",
  shop: "商品、订单和用户积分",
  push: "服务端推送、客户端推送，以及两者同时",
};

const texts = {
  en: { title: "The tutorials", hint: "Each topic has a console: see its services, and call their methods." },
  zh: { title: "教程", hint: "每个主题都有一个控制台：查看服务，调用方法。" },
} as const;

const style = `:root { color-scheme: light dark; }
body { max-width: 42rem; margin: 2.5rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
ul { padding: 0; list-style: none; }
a { display: block; padding: 0.6rem 0.9rem; margin: 0.5rem 0; border: 1px solid light-dark(#c4cad1, #545e69); border-radius: 8px; color: inherit; text-decoration: none; }
a:hover { background: light-dark(#eef3fb, #24344f); }
a:focus-visible { outline: 2px solid light-dark(#0b57d0, #8ab4f8); outline-offset: 2px; }
b { color: light-dark(#0b57d0, #8ab4f8); }
`;

const headers = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
  vary: "accept-language",
};

/** Serves the page at `/`, and its style sheet. */
export function homePage(topics: readonly FrontedTopic[]): (request: IncomingMessage, response: ServerResponse) => void {
  return ({ method = "", url = "", headers: { "accept-language": languages = "" } }, response) => {
    const send = (status: number, type: string, body: string) => {
      response.writeHead(status, { ...headers, "content-type": `${type}; charset=utf-8`, "content-length": Buffer.byteLength(body) });
      response.end(method === "HEAD" ? undefined : body);
    };
    const [path] = url.split("?");
    if (method !== "GET" && method !== "HEAD") send(405, "text/plain", "Method Not Allowed\n");
    else if (path === "/") send(200, "text/html", page(topics, /^\s*zh\b/i.test(languages) ? "zh" : "en"));
    else if (path === "/home.css") send(200, "text/css", style);
    else send(404, "text/plain", "Not Found\n");
  };
}

function page(topics: readonly FrontedTopic[], language: keyof typeof texts): string {
  const { title, hint } = texts[language];
  const items = topics.map(({ name, summary }) => {
    const text = (language === "zh" && summaries[name]) || summary;
    return `<li><a href="${encodeURIComponent(name)}/console/"><b>${escapeHtml(name)}</b><br>${escapeHtml(text)}</a></li>`;
  });
  return `<!doctype html>
<html lang="${language === "zh" ? "zh-CN" : "en"}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – gRPC</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="home.css">
</head>
<body>
<main>
<h1>${title}</h1>
<p>${hint}</p>
<ul>
${items.join("\n")}
</ul>
</main>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
