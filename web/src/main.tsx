// Where the page begins.
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { session } from "./features/session/session";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/parts.css";
import "./styles/dialogs.css";
import "./styles/forms.css";
import "./styles/layout.css";
import "./styles/keys.css";
import "./styles/key.css";
import "./styles/tables.css";

const root = document.getElementById("app");
if (root) createRoot(root).render(createElement(App));
void session.start();
