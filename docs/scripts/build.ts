// Builds the site into .vitepress/dist: first the generated files, then the pages.
import { build } from "vitepress";
import { generate } from "./generate.ts";

const docs = new URL("../", import.meta.url).pathname;

await generate();
await build(docs);
