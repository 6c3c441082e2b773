// Parse an AsyncAPI document, and print what is wrong with it. Exit code 0: nothing, or hints only.
"use strict";
const fs = require("fs");
const path = require("path");
const { Parser } = require("@asyncapi/parser");

async function main(file) {
  const { document, diagnostics } = await new Parser().parse(fs.readFileSync(file, "utf8"), {
    source: path.resolve(file),
  });
  const wrong = diagnostics.filter((found) => found.severity <= 1); // errors and warnings
  for (const found of wrong) {
    console.log(`${found.range.start.line + 1}: ${found.message} [${found.code}] at ${found.path.join(".")}`);
  }
  process.exit(document && wrong.length === 0 ? 0 : 1);
}

main(process.argv[2]);
