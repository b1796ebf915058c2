import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Backup } from '../../src/records/backup.ts';
import { hasCopy } from '../../src/records/part.ts';
import { GRACE_MS, PARTS, type PartName } from './chaos-workspace.ts';
import { type ChaosWorld, settle, type Trial } from './chaos-world.ts';
import { readBackups } from './journals.ts';
import { findPlaces } from './leftovers.ts';
import { compareTrees, hash, loadPicture, walkParts } from './picture.ts';

/** The repository is whole, nobody holds it, and it holds what the catalog names and nothing else. */
export async function lookAtRepository({ restic, workspace }: ChaosWorld): Promise<string[]> {
  const problems = await restic.check();
  const copies = await restic.copyIds();
  const backups = (await readBackups(workspace)).filter(({ status }) => status !== 'deleted');
  const wanted = new Set(backups.flatMap(copyIdsOf));
  const missing = [...wanted].filter((id) => !copies.has(id));
  const stray = [...copies].filter((id) => !wanted.has(id));
  return [
    ...problems,
    ...missing.map((id) => `copy ${id} of a backup is not in the repository`),
    ...stray.map((id) => `copy ${id} belongs to no backup`),
  ];
}

export async function tryRepository(world: ChaosWorld): Promise<Trial> {
  return { name: 'the repository at the end', moments: [], problems: await lookAtRepository(world) };
}

/** Every completed backup is brought back with restic alone and compared with how things stood when it was taken. */
export async function tryBackups(world: ChaosWorld): Promise<Trial> {
  const backups = (await readBackups(world.workspace)).filter(({ status }) => status === 'completed');
  const problems: string[] = [];
  for (const backup of backups) {
    problems.push(...(await restoreAside(world, backup)).slice(0, 12).map((said) => `${backup.id}: ${said}`));
  }
  world.say(`  ${backups.length} completed backups restored with restic alone`);
  return { name: 'every completed backup restored', moments: [], problems };
}

async function restoreAside({ workspace, restic }: ChaosWorld, backup: Backup): Promise<string[]> {
  const picture = await loadPicture(workspace, backup.id);
  const target = join(workspace.scratch, 'restored', backup.id);
  await Promise.all(copyIdsOf(backup).map((copyId) => restic.restore(copyId, join(target, copyId))));
  const place = (name: PartName) => {
    const part = backup.parts.filter(hasCopy).find((candidate) => candidate.name === name);
    return part ? join(target, part.copyId, part.pathInCopy) : join(target, 'not in the backup');
  };
  const places = { volume: place('volume'), projects: place('projects'), datasets: place('datasets') };
  const records = await readFile(join(places.volume, 'records.log'));
  const { definition, manifestCopyId = '' } = backup;
  if (!definition) return ['it has no definition'];
  const stored = await readFile(join(target, definition.copyId, definition.pathInCopy, 'definition.json'));
  const manifest = await readFile(join(target, manifestCopyId, definition.pathInCopy, 'manifest.json'));
  const problems = [
    ...(backup.parts.length === PARTS.length ? [] : [`it has ${backup.parts.length} parts`]),
    ...compareTrees(picture.trees, await walkParts(workspace, places)),
    // To the byte what the recorder left when it was stopped for the cut.
    ...(hash(records) === picture.records.sha256 ? [] : ['volume: the records are not those of the cut']),
    ...(hash(stored) === definition.sha256 ? [] : ['the definition is another one']),
    ...(hash(manifest) === backup.manifestSha256 ? [] : ['the manifest is another one']),
  ];
  await rm(target, { recursive: true, force: true });
  return problems;
}

function copyIdsOf({ parts, manifestCopyId, definition }: Backup): string[] {
  const copies = [...parts, ...(definition ? [definition] : [])].flatMap(({ copyId = [] }) => copyId);
  return [...new Set([...copies, ...(manifestCopyId === undefined ? [] : [manifestCopyId])])];
}

/** What restores displaced is gone once its time has passed and a server has looked. */
export async function tryGrace(world: ChaosWorld, lastEndAt: number): Promise<Trial> {
  await wait(Math.max(0, lastEndAt + GRACE_MS - Date.now()));
  await world.server.end();
  world.server.start();
  const problems = await settle(world);
  const until = Date.now() + 20_000;
  let places = await findPlaces(world.workspace);
  while (places.length > 0 && Date.now() < until) {
    await wait(100);
    places = await findPlaces(world.workspace);
  }
  const left = places.map((path) => `still there after its grace: ${path}`);
  return { name: 'what was displaced, after its grace', moments: [], problems: [...problems, ...left] };
}
