#!/usr/bin/env node
// Plain JavaScript, so that a Node too old for the rest can still say so.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `rose: Node ${process.versions.node} is too old, rose needs 24 or newer. In the repository, "npm run rose -- ..." uses the pinned one.\n`,
  );
  process.exit(1);
}
await import('./src/main.ts');
