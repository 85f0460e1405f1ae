// The page: starts the state, and renders it.
import { render } from "preact";
import { startEnvironments } from "./state/environments.ts";
import { startFaults } from "./state/faults.ts";
import { startHistory } from "./state/history.ts";
import { startMetadata } from "./state/metadata.ts";
import { startRules } from "./state/rules.ts";
import { startSaved } from "./state/saved.ts";
import { loadServices, startSelection } from "./state/services.ts";
import { startSettings } from "./state/settings.ts";
import { startLinks } from "./state/share.ts";
import { App } from "./views/app.tsx";

startSettings();
startMetadata();
startSelection();
startLinks();
startRules();
startFaults();
void loadServices();
void startEnvironments();
void startSaved();
void startHistory();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
