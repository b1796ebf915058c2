import { setTimeout as wait } from 'node:timers/promises';
import { UserError } from '../../src/errors.ts';
import type { ChaosWorkspace } from './chaos-workspace.ts';
import type { ChaosKind, ChaosWorld } from './chaos-world.ts';
import { idsOf, readBackups, readDisplaced, readRequests } from './journals.ts';
import { type Attempt, beginAttempt } from './judge.ts';
import { takePicture } from './picture.ts';

export interface Asking extends Attempt {
  /** The request that waits for bob. */
  readonly requestId?: string;
  readonly requests: ReadonlySet<string>;
}

/** Deleting takes the oldest as long as so many others are left. */
const KEPT_BACKUPS = 2;
/** What is displaced has to be kept this long at least to be asked for again, in ms. */
const KEPT_MS = 15_000;

/** What is going to be asked for: what was wished, or the nearest to it that is possible now. */
async function choose(
  workspace: ChaosWorkspace,
  wished: ChaosKind,
): Promise<Pick<Attempt, 'kind' | 'backupId' | 'undoes'>> {
  const completed = (await readBackups(workspace))
    .filter(({ status }) => status === 'completed')
    .toSorted((a, b) => Date.parse(a.takenAt) - Date.parse(b.takenAt));
  const [oldest, newest] = [completed[0], completed.at(-1)];
  if (!oldest || !newest) return { kind: 'backup' };
  if (wished === 'delete') {
    return completed.length > KEPT_BACKUPS ? { kind: 'delete', backupId: oldest.id } : { kind: 'backup' };
  }
  if (wished === 'undo') {
    const kept = (await readDisplaced(workspace)).findLast(({ until }) => Date.parse(until) > Date.now() + KEPT_MS);
    if (kept) return { kind: 'undo', undoes: kept.operationId };
  }
  if (wished === 'backup') return { kind: 'backup' };
  return { kind: wished === 'verify' ? 'verify' : 'restore', backupId: newest.id };
}

/** Takes the picture of what stands there, and asks for what needs another person's approval. */
export async function prepare(world: ChaosWorld, wished: ChaosKind): Promise<Asking> {
  const { workspace, words } = world;
  const requests = await idsOf(workspace, 'requests');
  const what = await choose(workspace, wished);
  const { kind, backupId, undoes } = what;
  const requestId =
    undoes !== undefined
      ? await words.askFor({ kind: 'undo', undoes })
      : backupId !== undefined && (kind === 'restore' || kind === 'delete')
        ? await words.askFor({ kind, backupId })
        : undefined;
  const attempt = await beginAttempt(world, what, await takePicture(workspace));
  return { ...attempt, requests, ...(requestId === undefined ? {} : { requestId }) };
}

/** Says the word that begins it. A server that dies meanwhile is no surprise; one that refuses is. */
export async function ask({ words }: ChaosWorld, { kind, requestId, backupId }: Asking): Promise<string[]> {
  try {
    if (requestId !== undefined) await words.approve(requestId);
    else await (kind === 'verify' ? words.verify(backupId ?? '') : words.backup());
    return [];
  } catch (error) {
    return error instanceof UserError ? [`the ${kind} was refused: ${error.message}`] : [];
  }
}

/** An approval that was not heard leaves a request that nobody wants any more. */
export async function withdrawPending({ workspace, words }: ChaosWorld, { requests }: Asking): Promise<void> {
  for (const { id, status } of await readRequests(workspace, requests)) {
    if (status === 'pending') await words.withdraw(id);
  }
}

/** Looks every few milliseconds; false when it did not come true in time. */
export async function becomesTrue(isSo: () => Promise<boolean>, withinMs: number, pauseMs = 50): Promise<boolean> {
  for (const until = Date.now() + withinMs; Date.now() < until; await wait(pauseMs)) if (await isSo()) return true;
  return false;
}
