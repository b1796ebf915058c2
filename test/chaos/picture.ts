import { createHash } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { compare, readTree, saveTree, type Tree, walk } from '../walker.ts';
import { type ChaosWorkspace, PARTS, type PartName } from './chaos-workspace.ts';
import { readRecords } from './records.ts';

/** A beginning of the file of records, which only grows: told by its length and its hash. */
export interface Beginning {
  readonly bytes: number;
  readonly sha256: string;
}

/** The whole of the data at one moment, the records as far as they went then. */
export interface Picture {
  readonly trees: Readonly<Record<PartName, Tree>>;
  readonly definition: string;
  readonly records: Beginning;
}

export async function takePicture(workspace: ChaosWorkspace): Promise<Picture> {
  const content = await readFile(workspace.records);
  const whole = content.subarray(0, content.lastIndexOf('\n') + 1);
  return {
    trees: await walkParts(workspace, workspace.parts),
    definition: await readDefinition(workspace.envFile),
    records: { bytes: whole.length, sha256: hash(whole) },
  };
}

/** Of any place where the parts stand: the live one, what a restore displaced, a restored copy. */
export async function walkParts(
  workspace: ChaosWorkspace,
  places: Readonly<Record<PartName, string>>,
): Promise<Picture['trees']> {
  const volume = await walk(places.volume);
  // The file of records is judged by its records: it grows while it is looked at.
  const { [basename(workspace.records)]: _records, ...entries } = volume.entries;
  const [projects, datasets] = [await walk(places.projects), await walk(places.datasets)];
  return { volume: { ...volume, entries }, projects, datasets };
}

async function readDefinition(path: string): Promise<string> {
  const { mode } = await stat(path);
  return `${(mode & 0o7777).toString(8)} ${await readFile(path, 'utf8')}`;
}

/** Kept on the disk: a long run makes hundreds of backups. */
export async function savePicture(workspace: ChaosWorkspace, id: string, picture: Picture): Promise<void> {
  const folder = join(workspace.scratch, 'pictures', id);
  await mkdir(folder, { recursive: true });
  for (const part of PARTS) await saveTree(picture.trees[part], join(folder, `${part}.json`));
  const { definition, records } = picture;
  await writeFile(join(folder, 'rest.json'), JSON.stringify({ definition, records }));
}

export async function loadPicture(workspace: ChaosWorkspace, id: string): Promise<Picture> {
  const folder = join(workspace.scratch, 'pictures', id);
  const tree = (part: PartName) => readTree(join(folder, `${part}.json`));
  const rest = JSON.parse(await readFile(join(folder, 'rest.json'), 'utf8')) as Omit<Picture, 'trees'>;
  return {
    ...rest,
    trees: { volume: await tree('volume'), projects: await tree('projects'), datasets: await tree('datasets') },
  };
}

/** What tells the live data apart from a picture; nothing: it is that picture, with more records at most. */
export async function compareLive(workspace: ChaosWorkspace, picture: Picture): Promise<string[]> {
  const trees = await walkParts(workspace, workspace.parts);
  const definition = await readDefinition(workspace.envFile);
  return [
    ...compareTrees(picture.trees, trees),
    ...compareRecords(await readFile(workspace.records), picture.records),
    ...(definition === picture.definition ? [] : [`definition: was ${picture.definition}, is ${definition}`]),
  ];
}

export function compareTrees(before: Picture['trees'], after: Picture['trees']): string[] {
  return PARTS.flatMap((part) => compare(before[part], after[part]).map((difference) => `${part}: ${difference}`));
}

/** Complete and in order, and continued from where the picture ends. */
export function compareRecords(content: Buffer, { bytes, sha256 }: Beginning): string[] {
  const { problem } = readRecords(content.toString('utf8'));
  return [
    ...(problem === undefined ? [] : [`volume: ${problem}`]),
    ...(hash(content.subarray(0, bytes)) === sha256 ? [] : [`volume: the first ${bytes} bytes of records differ`]),
  ];
}

export function hash(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
