import { setTimeout as wait } from 'node:timers/promises';
import { UserError } from '../../src/errors.ts';
import type { OperationKind } from '../../src/records/operation.ts';
import type { ChaosWorld } from './chaos-world.ts';
import { idsOf, readBackups, readRequests } from './journals.ts';
import { type Attempt, beginAttempt } from './judge.ts';
import { takePicture } from './picture.ts';

export interface Asking extends Attempt {
  /** The request that waits for bob. */
  readonly requestId?: string;
  readonly requests: ReadonlySet<string>;
}

/** Takes the picture of what stands there, and asks for what needs another person's approval. */
export async function prepare(world: ChaosWorld, kind: OperationKind): Promise<Asking> {
  const { workspace, words } = world;
  const requests = await idsOf(workspace, 'requests');
  const newest = (await readBackups(workspace))
    .filter(({ status }) => status === 'completed')
    .toSorted((a, b) => Date.parse(a.takenAt) - Date.parse(b.takenAt))
    .at(-1);
  const isRestore = kind === 'restore' && newest !== undefined;
  const requestId = isRestore ? await words.askForRestore(newest.id) : undefined;
  const attempt = await beginAttempt(
    world,
    isRestore ? { kind, backupId: newest.id } : { kind },
    await takePicture(workspace),
  );
  return { ...attempt, requests, ...(requestId === undefined ? {} : { requestId }) };
}

/** Says the word that begins it. A server that dies meanwhile is no surprise; one that refuses is. */
export async function ask({ words }: ChaosWorld, { kind, requestId }: Asking): Promise<string[]> {
  try {
    await (requestId === undefined ? words.backup() : words.approve(requestId));
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
