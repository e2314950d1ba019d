// Runs everything: cmd/satcap's TestBlinkClient starts this.
"use strict";

const parts = [require("./life.js"), require("./failures.js"), require("./races.js")];

(async () => {
  for (const part of parts) {
    await part();
  }
})();
