/** Runs one program to its end and tells in one sentence what went wrong, with its last words. */
import { execFile } from 'node:child_process';

/** Output of `go mod download -json` and `pip` stays far below this; more would be a runaway program. Bytes. */
const outputLimit = 16 * 1024 * 1024;
/** Of a failed program's error output so many last lines are shown: compilers put the reason at the end. */
const lastWords = 3;

export interface CommandOptions {
  directory?: string;
  environment?: NodeJS.ProcessEnv;
}

/** Resolves with standard output; rejects with a sentence that names the program when it is missing or ends with an error. */
export async function runCommand(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const settings = { cwd: options.directory, env: options.environment ?? process.env, maxBuffer: outputLimit };
    execFile(program, args, settings, (error, stdout, stderr) => {
      if (error) reject(new Error(`"${program} ${args.slice(0, 3).join(' ')}" ${reasonOf(error, stderr)}`));
      else resolve(stdout);
    });
  });
}

function reasonOf(error: Error & { code?: string | number | null }, stderr: string): string {
  if (error.code === 'ENOENT') return 'could not start: the program is not installed or not on the PATH';
  const words = stderr.trim().split('\n').slice(-lastWords).join(' / ');
  return `ended with ${error.code ?? 'a signal'}: ${words || 'no message'}`;
}
