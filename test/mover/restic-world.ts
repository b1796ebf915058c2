import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, resolve } from 'node:path';
import { createResticMover } from '../../src/mover/restic/restic-mover.ts';
import { type ResticSettings, resticSettings } from '../../src/mover/restic/settings.ts';
import type { RunProgram } from '../../src/program.ts';
import { createLocalRunProgram, endPrograms } from '../../src/workspace/local/run-program.ts';
import { createLocalStreamProgram } from '../../src/workspace/local/stream-program.ts';
import type { MoverWorld, Tree } from '../contracts/mover.ts';

/** Every restic there may be, as the product looks for it: on the PATH, then where scripts/get-restic.sh puts one. */
export const candidates: readonly string[] = [
  ...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'restic')),
  resolve(import.meta.dirname, '../../.cache/restic/restic'),
].filter((path) => existsSync(path));

export interface ResticWorld extends MoverWorld {
  readonly base: string;
  readonly run: RunProgram;
  readonly settings: ResticSettings;
  /** Another mover on the same repository. */
  moverWith(change: { settings?: Partial<ResticSettings>; run?: RunProgram }): MoverWorld['mover'];
}

/** A repository location, password files and an empty folder for data; everything is removed by `dispose`. */
export async function createResticWorld(change: Partial<ResticSettings> = {}): Promise<ResticWorld> {
  const base = await mkdtemp(join(tmpdir(), 'cml-mover-'));
  const root = join(base, 'data');
  const folder = join(base, 'operation');
  const otherPasswordFile = join(base, 'other-password');
  await mkdir(root);
  await writeFile(join(base, 'password'), 'correct horse\n', { mode: 0o600 });
  await writeFile(otherPasswordFile, 'battery staple\n', { mode: 0o600 });
  const settings = resticSettings.parse({
    kind: 'restic',
    location: join(base, 'repository'),
    passwordFile: join(base, 'password'),
    lockWait: 0,
    ...change,
  });
  const run = createLocalRunProgram();
  const moverWith: ResticWorld['moverWith'] = (other) =>
    createResticMover({
      settings: { ...settings, ...other.settings },
      workspace: 'team-ml',
      run: other.run ?? run,
      stream: createLocalStreamProgram(),
      candidates,
      cacheFolder: join(base, 'cache'),
    });
  return {
    ...{ base, root, folder, otherPasswordFile, settings, run, moverWith, writeTree, readTree },
    mover: moverWith({}),
    async dispose() {
      await endPrograms(folder, { graceMs: 2_000 });
      await rm(base, { recursive: true, force: true });
    },
  };
}

export async function writeTree(path: string, tree: Tree): Promise<void> {
  for (const [name, content] of Object.entries(tree)) {
    await mkdir(join(path, name.endsWith('/') ? name : dirname(name)), { recursive: true });
    if (!name.endsWith('/')) await writeFile(join(path, name), content);
  }
}

async function readTree(path: string): Promise<Tree> {
  const tree: Tree = {};
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    const full = join(entry.parentPath, entry.name);
    const name = relative(path, full);
    if (!entry.isDirectory()) tree[name] = await readFile(full, 'utf8');
    else if ((await readdir(full)).length === 0) tree[`${name}/`] = '';
  }
  return tree;
}

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !(await holds()); await new Promise((wake) => setTimeout(wake, 10))) {
    if (Date.now() > end) throw new Error(`never came true: ${holds}`);
  }
}
