import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { ChaosWorkspace } from './chaos-workspace.ts';

/** What the services said about themselves. `bytes` and `sha256` are of the whole file of records. */
const entry = z.object({
  at: z.iso.datetime(),
  event: z.enum(['start', 'stop', 'doubled', 'broken']),
  pid: z.number(),
  bytes: z.number().default(0),
  sha256: z.string().default(''),
  problem: z.string().optional(),
});
export type DiaryEntry = z.infer<typeof entry>;

export async function readDiary(workspace: ChaosWorkspace): Promise<DiaryEntry[]> {
  const lines = (await readFile(workspace.diary, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => entry.parse(JSON.parse(line)));
}

/** Two of one service at once, or one that found broken records. */
export function findMishaps(entries: readonly DiaryEntry[]): string[] {
  return entries
    .filter(({ event }) => event === 'doubled' || event === 'broken')
    .map(({ at, event, problem }) => `at ${at} a service was ${event}: ${problem}`);
}
