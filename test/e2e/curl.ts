import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Asks as a person would who has no browser, and follows nothing. */
export async function curl(words: readonly string[]): Promise<Answered> {
  const { stdout } = await promisify(execFile)('curl', ['-sS', '-i', '--max-time', '20', ...words]);
  const end = stdout.indexOf('\r\n\r\n');
  const [first = '', ...lines] = stdout.slice(0, end).split('\r\n');
  const headers = new Headers(
    lines.map((line): [string, string] => {
      const at = line.indexOf(':');
      return [line.slice(0, at), line.slice(at + 1).trim()];
    }),
  );
  return { status: Number(first.split(' ')[1]), headers, text: stdout.slice(end + 4) };
}
