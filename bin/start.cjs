// Runs the command line on a Node that is new enough; kvctl (beside) has checked that.
// The compile cache halves the time to load the modules; it lives in the system's temporary directory, and failing to use it is no error.
'use strict';
require('node:module').enableCompileCache();

async function start() {
  const { resolveEntry } = await import('./entry.mjs');
  const { pathToFileURL } = require('node:url');
  const { main } = await import(pathToFileURL(resolveEntry('cli/main')).href);
  process.exitCode = await main(process.argv.slice(2));
}

start();
