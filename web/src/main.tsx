import { render } from "preact";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/pages.css";
import { App } from "./app";

const root = document.getElementById("app");
if (root) render(<App />, root);
