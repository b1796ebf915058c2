import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Backup } from '../../src/records/backup.ts';
import type { Operation } from '../../src/records/operation.ts';
import { type ChaosWorkspace, PARTS, type PartName } from './chaos-workspace.ts';
import type { ChaosKind, ChaosWorld } from './chaos-world.ts';
import { type DiaryEntry, findMishaps, readDiary } from './diary.ts';
import { idsOf, readBackups, readEnded, wasUnwound } from './journals.ts';
import { findLeftovers } from './leftovers.ts';
import {
  type Beginning,
  compareLive,
  compareTrees,
  loadPicture,
  type Picture,
  savePicture,
  walkParts,
} from './picture.ts';
import { allAnswer } from './service-watch.ts';
import { judgeUnwinding } from './unwinding.ts';

/** What is known before an operation is asked for, to judge afterwards what became of it. */
export interface Attempt {
  readonly kind: ChaosKind;
  /** The backup that is to be restored, verified or deleted. */
  readonly backupId?: string;
  /** The operation whose displaced data is to come back. */
  readonly undoes?: string;
  readonly before: Picture;
  readonly ended: ReadonlySet<string>;
  readonly diaryLength: number;
}

export async function beginAttempt(
  world: ChaosWorld,
  what: Pick<Attempt, 'kind' | 'backupId' | 'undoes'>,
  before: Picture,
): Promise<Attempt> {
  const ended = await idsOf(world.workspace, 'operations/ended');
  return { ...what, before, ended, diaryLength: (await readDiary(world.workspace)).length };
}

export interface Verdict {
  readonly operation: Operation | undefined;
  readonly problems: readonly string[];
}

/** Call when everything has settled. The truth is read from the disk and from the services, never from a journal. */
export async function judge(world: ChaosWorld, attempt: Attempt): Promise<Verdict> {
  const { workspace } = world;
  const operations = await readEnded(workspace, attempt.ended);
  const operation = operations[0];
  const diary = (await readDiary(workspace)).slice(attempt.diaryLength);
  const problems = [
    ...(operations.length > 1 ? [`asked for once, run ${operations.length} times`] : []),
    ...(operation ? [...judgeEnd(operation, attempt), ...judgeUnwinding(operation)] : []),
    ...(await judgeCatalog(workspace, operation, attempt, diary)),
    ...(await judgeData(workspace, operation, attempt, diary)),
    ...findMishaps(diary),
    ...(await findLeftovers(workspace)),
    ...((await allAnswer(workspace.serviceUrls)) ? [] : ['a service does not answer']),
  ];
  return { operation, problems };
}

/** Nothing but the kills goes wrong here, so an operation succeeds, or was unwound; one that stops nothing resumes. */
function judgeEnd({ kind, status, error, ...operation }: Operation, attempt: Attempt): string[] {
  if (kind !== attempt.kind) return [`a ${attempt.kind} was asked for, a ${kind} was run`];
  if (status === 'succeeded') return [];
  if (status === 'failed' && error?.code === 'interrupted' && wasUnwound({ kind, status, ...operation })) return [];
  return [`the ${kind} ${status} though nothing but the server was killed: ${error?.code}: ${error?.message}`];
}

async function judgeCatalog(
  workspace: ChaosWorkspace,
  operation: Operation | undefined,
  attempt: Attempt,
  diary: readonly DiaryEntry[],
): Promise<string[]> {
  const backups = await readBackups(workspace);
  const hasSucceeded = operation?.status === 'succeeded';
  const about = backups.find(({ id }) => id === attempt.backupId);
  switch (attempt.kind) {
    case 'backup':
      return judgeRecorded(workspace, backups, operation, attempt, diary);
    case 'delete': {
      const expected = hasSucceeded ? 'deleted' : 'completed';
      return about?.status === expected ? [] : [`${attempt.backupId} is ${about?.status}, not ${expected}`];
    }
    case 'verify': {
      const isNoted = about?.verified?.operationId === operation?.id;
      return !hasSucceeded || isNoted ? [] : [`${attempt.backupId} is not noted as verified`];
    }
    default:
      return [];
  }
}

async function judgeRecorded(
  workspace: ChaosWorkspace,
  backups: readonly Backup[],
  operation: Operation | undefined,
  { before }: Attempt,
  diary: readonly DiaryEntry[],
): Promise<string[]> {
  const recorded = backups.filter(({ operationId }) => operationId === operation?.id);
  const completed = recorded.find(({ status }) => status === 'completed');
  if (!completed) return operation?.status === 'succeeded' ? ['it succeeded and is not in the catalog'] : [];
  if (operation?.status !== 'succeeded') return [`it ${operation?.status}, and ${completed.id} is called completed`];
  const cut = diary.findLast(({ event, at }) => event === 'stop' && Date.parse(at) <= Date.parse(completed.takenAt));
  if (!cut) return [`${completed.id} was taken, and the recorder was not stopped before`];
  await savePicture(workspace, completed.id, { ...before, records: cut });
  return [];
}

/** Wholly the state before, or wholly what was to come back, all parts alike, and as the operation's end says. */
async function judgeData(
  workspace: ChaosWorkspace,
  operation: Operation | undefined,
  { kind, before, backupId, undoes }: Attempt,
  diary: readonly DiaryEntry[],
): Promise<string[]> {
  // What was written after the picture was taken and before the services stopped counts as well.
  const records: Beginning = diary.find(({ event }) => event === 'stop') ?? before.records;
  const previous = { ...before, records };
  const comesBack = kind === 'undo' ? undoes : kind === 'restore' ? backupId : undefined;
  if (comesBack === undefined || operation?.status !== 'succeeded') return compareLive(workspace, previous);
  const differences = await compareLive(workspace, await loadPicture(workspace, comesBack));
  if (differences.length > 0) return differences.slice(0, 12);
  await savePicture(workspace, operation.id, previous); // it may be undone
  return judgeDisplaced(workspace, operation.id, previous);
}

/** What stood there before is kept whole. */
async function judgeDisplaced(workspace: ChaosWorkspace, operationId: string, previous: Picture): Promise<string[]> {
  const place = (part: PartName) => {
    const path = workspace.parts[part];
    return join(dirname(path), `.cml-${operationId}-displaced-${basename(path)}`);
  };
  const missing = PARTS.map(place).filter((path) => !existsSync(path));
  if (missing.length > 0) return missing.map((path) => `what was displaced is not kept: ${path} is missing`);
  const places = { volume: place('volume'), projects: place('projects'), datasets: place('datasets') };
  const differences = compareTrees(previous.trees, await walkParts(workspace, places));
  return differences.slice(0, 12).map((difference) => `displaced: ${difference}`);
}
