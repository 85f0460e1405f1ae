import { openOutput, closeOutput, output, abandonOutput } from "./src/codec/output.ts";
import { text } from "./src/codec/write-value.ts";
const cjk = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜";
const fox = "The quick brown fox jumps over the lazy dog. ";
const warm = {c40: cjk, c3k: cjk.repeat(25), t200: fox.repeat(5).slice(0,200), t100k: fox.repeat(2275)};
const labels = Array.from({length:50},(_, i)=>`label-${i}`), vals = Array.from({length:50},(_, i)=>`value of ${i}`);
const time=(list: string[])=>{ let best=1e9; for(let r=0;r<10;r++){ const N=2000; const t=performance.now(); for(let i=0;i<N;i++){ let p=openOutput() as number; const s=p; for(const x of list) p=text(x,p,10); closeOutput(s,p);} best=Math.min(best,(performance.now()-t)*1e6/N/list.length);} return best.toFixed(1)};
console.log("before", time(labels), time(vals));
for (const w of (process.argv[2]??"").split(",")) { for(let i=0;i<3000;i++){ const s=openOutput() as number; closeOutput(s, text((warm as any)[w], s, 10)); } console.log("after", w, time(labels), time(vals)); }
