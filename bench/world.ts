import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { resticCandidates } from '../src/main-ports.ts';
import { identify, isAlive, processIdentity } from '../src/process-identity.ts';
import { parseMounts } from '../src/workspace/local/mounts.ts';
import { endEverything } from '../test/chaos/processes.ts';
import type { Sizes } from './options.ts';

/** What every row works with. */
export interface BenchWorld {
  /** Everything the run makes is in here. */
  readonly folder: string;
  /** Of the row that is being measured; emptied after it. */
  readonly rooms: string;
  readonly sizes: Sizes;
  readonly pairs: number;
  readonly seed: number;
  readonly restic: string;
  readonly passwordFile: string;
  /** An initialised repository without copies; both sides of a pair begin with the same one. */
  readonly emptyRepository: string;
  /** A line for who watches. */
  say(line: string): void;
  /** A folder of its own for a row. */
  room(name: string): Promise<string>;
}

/** In the environment of every process that a row starts; its value is `rooms`. */
export const MARK = 'CML_BENCH';

const PREFIX = 'cml-bench-';
/** Which process a folder belongs to: one that was killed leaves it to the next run. */
const OWNER = 'owner.json';

export interface WorldWish extends Pick<BenchWorld, 'sizes' | 'pairs' | 'seed' | 'say'> {}

export async function makeWorld(wish: WorldWish): Promise<BenchWorld> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), PREFIX)));
  const at = (...names: string[]) => join(folder, ...names);
  await writeFile(at(OWNER), JSON.stringify(identify(process.pid)));
  const passwordFile = at('password');
  await writeFile(passwordFile, 'correct horse battery staple\n', { mode: 0o600 });
  const restic = await findRestic();
  const environment = { RESTIC_REPOSITORY: at('empty-repository'), RESTIC_PASSWORD_FILE: passwordFile, [MARK]: folder };
  await execa(restic, ['init', '--no-cache'], { env: environment });
  return {
    ...wish,
    ...{ folder, rooms: at('rooms'), restic, passwordFile, emptyRepository: at('empty-repository') },
    async room(name) {
      const room = at('rooms', name);
      await mkdir(room, { recursive: true });
      return room;
    },
  };
}

async function findRestic(): Promise<string> {
  for (const candidate of resticCandidates(process.env)) {
    if ((await execa(candidate, ['version'], { reject: false })).exitCode === 0) return candidate;
  }
  throw new Error('there is no restic: scripts/get-restic.sh fetches one');
}

/** Ends, unmounts and removes everything below a folder. May be called at any moment, and again. */
export async function clearFolder(folder: string): Promise<void> {
  await endEverything(folder);
  const inside = parseMounts(await readFile('/proc/self/mountinfo', 'utf8')).filter(({ point }) =>
    point.startsWith(`${folder}/`),
  );
  for (const { point } of inside.toReversed()) await execa('umount', ['--lazy', point], { reject: false });
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** What earlier runs left that were killed and could not clear up. */
export async function clearAbandoned(): Promise<void> {
  for (const name of (await readdir(tmpdir())).filter((one) => one.startsWith(PREFIX))) {
    const folder = await realpath(join(tmpdir(), name));
    const text = await readFile(join(folder, OWNER), 'utf8').catch(() => undefined); // made by something else
    if (text !== undefined && !isAlive(processIdentity.parse(JSON.parse(text)))) await clearFolder(folder);
  }
}
