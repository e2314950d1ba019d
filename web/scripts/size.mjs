// Fails when the page's JavaScript and CSS weigh more than the budget, gzipped.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const budget = 60 * 1024;
const dist = new URL("../dist/", import.meta.url);
let sum = 0;
for (const name of ["app.js", "app.css"]) {
  const size = gzipSync(readFileSync(new URL(name, dist)), { level: 9 }).length;
  sum += size;
  console.log(`${name} ${(size / 1024).toFixed(1)} KB gzipped`);
}
console.log(`together ${(sum / 1024).toFixed(1)} of ${budget / 1024} KB`);
if (sum > budget) {
  console.error("size: over the budget");
  process.exit(1);
}
