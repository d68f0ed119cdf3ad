/** The process's own streams, in a process of its own: output that goes to a file or a pipe. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const program = "const { processTerminal } = await import('./src/cli/terminal.ts'); const { canRedraw, colors } = processTerminal(); process.stdout.write(JSON.stringify({ canRedraw, painted: colors.red('word') }));";

test.each([{}, { CI: 'true' }, { FORCE_COLOR: '1' }])('a pipe is neither painted nor redrawn, with %j', (more) => {
  const { NO_COLOR: _no, FORCE_COLOR: _force, CI: _ci, ...environment } = process.env;
  const printed = execFileSync(join(root, 'node_modules/.bin/node'), ['--input-type=module', '-e', program], { cwd: root, env: { ...environment, ...more }, encoding: 'utf8' });
  expect(JSON.parse(printed)).toEqual({ canRedraw: false, painted: 'word' });
});
