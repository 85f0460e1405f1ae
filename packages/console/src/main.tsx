// The page: starts the state, and renders it.
import { render } from "preact";
import { loadServices, startSelection } from "./state/services.ts";
import { startSettings } from "./state/settings.ts";
import { App } from "./views/app.tsx";

startSettings();
startSelection();
void loadServices();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
