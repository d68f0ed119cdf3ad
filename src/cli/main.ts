#!/usr/bin/env node
/** The program `tidb-runbook`. */
import { readFileSync } from 'node:fs';
import { runCommandLine } from './run.ts';
import { processTerminal } from './terminal.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

// `tidb-runbook list | head` closes the pipe early: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await runCommandLine({ words: process.argv.slice(2), version }, processTerminal());
