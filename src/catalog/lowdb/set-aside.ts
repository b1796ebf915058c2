import { existsSync } from 'node:fs';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { syncFolder } from '../../durable-file.ts';
import { explain } from '../../errors.ts';
import type { SetAside } from '../catalog.ts';
import { systemCodeOf, translated } from './failure.ts';

export interface SetAsideFolder {
  /** Moves a file away from the records. Never rejects: one bad file must not stand between us and recovery. */
  put(path: string, reason: string): Promise<void>;
  /** Remembers a complaint about a file that stays where it is. */
  note(path: string, reason: string): void;
  /** All that stands aside, also from earlier lives, until someone takes it away. */
  list(): Promise<SetAside[]>;
}

export function createSetAsideFolder(dataFolder: string, clock: Clock): SetAsideFolder {
  const folder = join(dataFolder, 'set-aside');
  const reasons = new Map<string, string>();
  const noted: SetAside[] = [];
  const note = (path: string, reason: string) => {
    noted.push({ file: path, reason });
  };

  return {
    note,
    async put(path, reason) {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const target = freeName(folder, `${basename(path)}.${clock.now().toISOString().replaceAll(':', '')}`);
        await rename(path, target);
        await syncFolder(folder);
        await syncFolder(dirname(path));
        reasons.set(target, `${path}: ${reason}`);
      } catch (cause) {
        note(path, `${reason}; it could not be set aside: ${explain(cause)}`);
      }
    },
    list: () =>
      translated('list what was set aside', async () => {
        const moved = (await names(folder)).sort().map((name) => {
          const file = join(folder, name);
          return { file, reason: reasons.get(file) ?? 'it was set aside by an earlier run' };
        });
        return [...moved, ...noted];
      }),
  };
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return [];
    throw cause;
  }
}

/** A rename replaces what is there, and what was set aside is never deleted. */
function freeName(folder: string, name: string): string {
  for (let count = 0; ; count += 1) {
    const path = join(folder, count === 0 ? name : `${name}.${count}`);
    if (!existsSync(path)) return path;
  }
}
