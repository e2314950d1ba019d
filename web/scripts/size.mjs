// Fails when the dashboard's JavaScript and CSS are larger than the budget.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const budget = 60 * 1024;
let total = 0;
for (const name of ["app.js", "app.css"]) {
  const size = gzipSync(readFileSync(new URL(`../dist/${name}`, import.meta.url)), { level: 9 }).length;
  console.log(`${name}: ${size} bytes gzipped`);
  total += size;
}
console.log(`together: ${total} of ${budget} bytes`);
if (total > budget) {
  console.error("over budget");
  process.exit(1);
}
