import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type ChaosWorkspace, PARTS } from './chaos-workspace.ts';
import { readDisplaced, readEnded } from './journals.ts';
import { findProcesses } from './processes.ts';

/** The guard looks twice a second whether it is still needed; on a busy machine that takes a while. */
const SETTLE_MS = 8_000;

/** What operations left that nobody needs. Call when every operation has ended. */
export async function findLeftovers(workspace: ChaosWorkspace): Promise<string[]> {
  const until = Date.now() + SETTLE_MS;
  for (;;) {
    const found = await look(workspace);
    if (found.length === 0 || Date.now() > until) return found;
    await wait(100);
  }
}

async function look(workspace: ChaosWorkspace): Promise<string[]> {
  return [
    ...(await strayPlaces(workspace)),
    ...(await strayStateFiles(workspace)),
    ...(await strayNotes(workspace)),
    ...strayProcesses(workspace),
    ...(await strayImages(workspace)),
  ];
}

/** Places of ours beside and inside the parts. What a restore displaced may stay when that restore succeeded. */
async function strayPlaces(workspace: ChaosWorkspace): Promise<string[]> {
  const found = await findPlaces(workspace);
  if (found.length === 0) return [];
  const succeeded = (await readEnded(workspace)).filter(({ status }) => status === 'succeeded').map(({ id }) => id);
  return found
    .filter((path) => {
      const [, id = '', what] = /\.cml-(op_\w{10})-(\w+)/.exec(basename(path)) ?? [];
      return what !== 'displaced' || !succeeded.includes(id);
    })
    .map((path) => `left behind: ${path}`);
}

/** Every `.cml-*` place, needed or not. */
export async function findPlaces({ parts }: ChaosWorkspace): Promise<string[]> {
  const folders = new Set(PARTS.flatMap((part) => [parts[part], dirname(parts[part])]));
  const found: string[] = [];
  for (const folder of folders) {
    const names = await readdir(folder);
    found.push(...names.filter((name) => name.startsWith('.cml-')).map((name) => join(folder, name)));
  }
  return found;
}

const ALLOWED = /^(displaced\.json|guard\.log|snapshots\.log|lock|services|restic-cache)$/;

async function strayStateFiles(workspace: ChaosWorkspace): Promise<string[]> {
  const { state } = workspace;
  const names = existsSync(state) ? await readdir(state) : [];
  const kept = (await readDisplaced(workspace)).map(({ operationId }) => `displaced-definition-${operationId}.json`);
  return names
    .filter((name) => !ALLOWED.test(name) && !kept.includes(name))
    .map((name) => `left behind: ${join(state, name)}`);
}

async function strayNotes({ state }: ChaosWorkspace): Promise<string[]> {
  const found: string[] = [];
  for (const name of ['recorder', 'bystander']) {
    const text = await readFile(join(state, 'services', `${name}.json`), 'utf8');
    if (text.includes('stoppedBy')) found.push(`the service ${name} still carries a note: ${text}`);
  }
  return found;
}

function strayProcesses({ folder }: ChaosWorkspace): string[] {
  return ['CML_GUARD=', 'CML_PROGRAM='].flatMap((mark) =>
    findProcesses(folder, mark).map((pid) => `process ${pid} (${mark}) still runs`),
  );
}

async function strayImages({ folder }: ChaosWorkspace): Promise<string[]> {
  return (await readdir(join(folder, 'snapshots'))).map((name) => `the snapshot ${name} was not dropped`);
}
