// Lint OpenAPI documents by Redocly's recommended rules. Exit code 0: no error and no warning.
"use strict";
const path = require("path");
const { formatProblems, lint, loadConfig } = require("@redocly/openapi-core");

async function main(files) {
  const config = await loadConfig({ configPath: path.join(__dirname, "redocly.yaml") });
  let wrong = 0;
  for (const file of files) {
    const problems = await lint({ ref: path.resolve(file), config });
    wrong += problems.length;
    formatProblems(problems, { format: "stylish", totals: { errors: 0, warnings: 0, ignored: 0 } });
  }
  process.exit(wrong ? 1 : 0);
}

main(process.argv.slice(2));
