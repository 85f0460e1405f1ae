import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme";
import BarChart from "./components/BarChart.vue";
import Mermaid from "./components/Mermaid.vue";
import "./style.css";

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component("Mermaid", Mermaid);
    app.component("BarChart", BarChart);
  },
} satisfies Theme;
