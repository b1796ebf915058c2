import { readFile } from 'node:fs/promises';
import { compare, type Tree, walk } from '../test/walker.ts';
import type { DemoWorkspace } from './workspace.ts';

/** What stands before the backup: nothing in the demo writes project files, so this is how they are at the cut. */
export interface Picture {
  readonly projects: Tree;
  readonly datasets: Tree;
  readonly definition: string;
}

export interface RowProof {
  readonly acknowledgedBeforeCut: number;
  readonly missing: readonly string[];
  readonly inDatabase: number;
}

export async function takePicture(workspace: DemoWorkspace): Promise<Picture> {
  return {
    projects: await walk(workspace.projects),
    datasets: await walk(workspace.datasets),
    definition: await readFile(workspace.envFile, 'utf8'),
  };
}

/** One sentence for each difference. */
export async function compareWithPicture(workspace: DemoWorkspace, picture: Picture): Promise<string[]> {
  const now = await takePicture(workspace);
  return [
    ...compare(picture.projects, now.projects).map((difference) => `projects: ${difference}`),
    ...compare(picture.datasets, now.datasets).map((difference) => `datasets: ${difference}`),
    ...(picture.definition === now.definition ? [] : ['definition: the .env file differs']),
  ];
}

/** Every row whose commit was answered before the services were stopped for the cut has to be in the database. */
export async function proveRows(workspace: DemoWorkspace, takenAt: string): Promise<RowProof> {
  const present = new Set(await readRows(workspace));
  const cut = new Date(takenAt).getTime();
  const acknowledged = (await readAcknowledged(workspace)).filter((note) => note.at < cut);
  return {
    acknowledgedBeforeCut: acknowledged.length,
    missing: acknowledged.filter((note) => !present.has(note.key)).map((note) => note.key),
    inDatabase: present.size,
  };
}

export async function readRows(workspace: DemoWorkspace): Promise<string[]> {
  const answer = await fetch(`${workspace.databaseUrl}/rows`);
  if (!answer.ok) throw new Error(`the demo's database did not answer: ${await answer.text()}`);
  return ((await answer.json()) as { keys: string[] }).keys;
}

export async function readAcknowledged(workspace: DemoWorkspace): Promise<{ key: string; at: number }[]> {
  const notes = await readFile(workspace.acknowledged, 'utf8');
  return [...notes.matchAll(/^(row-\d+) (\S+Z)$/gm)].map(([, key = '', at = '']) => ({
    key,
    at: new Date(at).getTime(),
  }));
}
