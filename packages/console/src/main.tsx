// The page: starts the state, and renders it.
import { render } from "preact";
import { startFaults } from "./state/faults.ts";
import { startRules } from "./state/rules.ts";
import { loadServices, startSelection } from "./state/services.ts";
import { startSettings } from "./state/settings.ts";
import { App } from "./views/app.tsx";

startSettings();
startSelection();
startRules();
startFaults();
void loadServices();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
