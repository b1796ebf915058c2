import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Backup, backup as backupShape } from '../../src/records/backup.ts';
import type { Operation } from '../../src/records/operation.ts';
import { hasCopy } from '../../src/records/part.ts';
import { runRestic } from '../e2e/bench.ts';
import { findProcesses, until } from '../e2e/processes.ts';
import { compare, type Tree, walk } from '../walker.ts';
import type { FaultBench } from './fault-bench.ts';

export const hasStopped = ({ journal }: Pick<Operation, 'journal'>): boolean =>
  journal.some((event) => event.type === 'step-began' && event.step === 'stop');

export interface Promises {
  /** What the live data has to be; absent where people went on working. */
  readonly live?: Tree;
  /** What each completed backup has to hold, by its id; of others only the counts are looked at. */
  readonly held?: Readonly<Record<string, Tree>>;
  /** Backups that the fault itself destroyed. */
  readonly destroyed?: readonly string[];
  /** Services may be down, if people were paged. */
  readonly mayBeDown?: true;
  /** What may be left over because people were told what it is. */
  readonly told?: readonly RegExp[];
}

/** The three promises after a fault, read from the outside; each sentence is something that was not kept. */
export async function judge(bench: FaultBench, promises: Promises = {}): Promise<string[]> {
  return [
    ...(await judgeServices(bench, promises)),
    ...(promises.live ? compare(promises.live, await bench.picture()).map((said) => `live data: ${said}`) : []),
    ...(await judgeBackups(bench, promises)),
    ...(await judgeLeftovers(bench, promises)),
  ];
}

async function judgeServices(bench: FaultBench, { mayBeDown }: Promises): Promise<string[]> {
  if (bench.isUp()) return [];
  const isPaged = (await bench.pages()) !== '';
  if (mayBeDown && isPaged) return [];
  return [isPaged ? 'services are down, though people were paged' : 'services are down and nobody was paged'];
}

export async function readBackups(bench: Pick<FaultBench, 'at'>): Promise<Backup[]> {
  const folder = bench.at('cml-data/backups');
  const names = await readdir(folder).catch(() => []);
  const texts = names.filter((name) => name.endsWith('.json')).map((name) => readFile(join(folder, name), 'utf8'));
  return (await Promise.all(texts)).map((text) => backupShape.parse(JSON.parse(text)));
}

/** Brings every completed backup back by restic alone. */
async function judgeBackups(bench: FaultBench, { held = {}, destroyed = [] }: Promises): Promise<string[]> {
  const problems: string[] = [];
  for (const backup of await readBackups(bench)) {
    if (backup.status !== 'completed' || destroyed.includes(backup.id)) continue;
    for (const part of backup.parts.filter(hasCopy)) {
      const target = await mkdtemp(bench.at('by-restic-'));
      try {
        await runRestic(bench, ['restore', '--no-lock', part.copyId, '--include', part.pathInCopy, '--target', target]);
        const came = await walk(join(target, part.pathInCopy));
        const files = Object.values(came.entries).filter(({ type }) => type !== 'directory').length;
        if (files !== part.files)
          problems.push(`${backup.id}: ${part.name} has ${part.files} files, ${files} came back`);
        const tree = held[backup.id];
        if (tree) problems.push(...compare(tree, came).map((said) => `${backup.id}: ${said}`));
      } catch (cause) {
        problems.push(`${backup.id} is called completed and restic cannot restore ${part.name}: ${String(cause)}`);
      } finally {
        await rm(target, { recursive: true, force: true });
      }
    }
  }
  return problems;
}

/** Files of the platform that stand only while services are stopped or something is swapped. */
const PASSING = /^(running|quiet|guard|guard-answer)\.json$|^ballast$|^(swap|snapshots)-|scratch|\.new$/;

async function judgeLeftovers(bench: FaultBench, { told = [] }: Promises): Promise<string[]> {
  const isTold = (what: string) => told.some((pattern) => pattern.test(what));
  return (await leftoversOf(bench)).filter((what) => !isTold(what));
}

async function leftoversOf(bench: FaultBench): Promise<string[]> {
  const names = async (...place: string[]) => readdir(bench.at(...place)).catch(() => []);
  const state = (await names('cml-data/workspaces/team-ml')).filter((name) => PASSING.test(name));
  const beside = (await names('team-ml')).filter((name) => name !== 'db' && !isDisplaced(name));
  const open = (await bench.operations('open')).map(({ id }) => `the operation ${id} is open`);
  const own = findProcesses(bench.folder);
  const isLeft = (mark: string) => findProcesses(mark).filter((pid) => own.includes(pid)).length;
  // A guard that was disarmed notices within half a second.
  await until('guards have ended', () => isLeft('CML_GUARD=') === 0, 3_000).catch(() => undefined);
  const processes = ['CML_GUARD=', 'CML_PROGRAM='].flatMap((mark) =>
    isLeft(mark) > 0 ? [`a process with ${mark}`] : [],
  );
  return [...state, ...beside, ...open, ...processes, ...(await strayCopies(bench))];
}

const isDisplaced = (name: string) => name.includes('displaced') || name.includes('before');

async function strayCopies(bench: FaultBench): Promise<string[]> {
  const backups = await readBackups(bench);
  const known = new Set(
    backups.flatMap(({ manifestCopyId, parts }) => [manifestCopyId, ...parts.map((p) => p.copyId)]),
  );
  const said = await runRestic(bench, ['snapshots', '--json', '--no-lock']).catch(() => '[]');
  const copies = JSON.parse(said) as { id: string; tags?: string[] }[];
  return copies.filter(({ id }) => !known.has(id)).map(({ tags }) => `a copy that no backup needs: ${tags?.join(' ')}`);
}
