import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MARK } from '../world.ts';
import type { ReadersSeen, ReadersWish } from './readers-main.ts';
import type { WatchersSeen, WatchersWish } from './watchers-main.ts';

const programOf = (name: string) => fileURLToPath(import.meta.url).replace(/programs(\.[jt]s)$/, `${name}-main$1`);

/** Reads as long as the wish says. */
export async function runReaders(mark: string, wish: ReadersWish): Promise<ReadersSeen> {
  return JSON.parse(await begin(mark, 'readers', wish).printed);
}

export interface Watching {
  /** When all see how it stands. */
  readonly begun: Promise<void>;
  /** When all were let go. */
  readonly seen: Promise<WatchersSeen>;
}

export function beginWatchers(mark: string, wish: WatchersWish): Watching {
  const { printed, said } = begin(mark, 'watchers', wish);
  return { begun: Promise.race([said, printed.then(() => undefined)]), seen: printed.then((text) => JSON.parse(text)) };
}

/** Answers what it prints when it has ended, and the first that it says before. */
function begin(mark: string, name: string, wish: object): { printed: Promise<string>; said: Promise<void> } {
  const child = spawn(process.execPath, [programOf(name), JSON.stringify(wish)], {
    env: { ...process.env, [MARK]: mark },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
  const said = new Promise<void>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err.push(text);
      resolve();
    });
  });
  const printed = new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(out.join('')) : reject(new Error(`the ${name} ended with ${code}: ${err.join('')}`)),
    );
  });
  return { printed, said };
}
