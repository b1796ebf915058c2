import type { Operation } from '../../records/operation.ts';
import { writeDuration } from '../../records/time.ts';
import type { Message } from '../chat.ts';
import { writeCount, writeMoment, writeSize } from './words.ts';

type Ended = Pick<Operation, 'id' | 'workspace' | 'startedAt' | 'endedAt'>;

function base({ id, workspace }: Pick<Operation, 'id' | 'workspace'>) {
  return { key: `${id}:end`, workspace, operationId: id };
}

function lasted({ startedAt, endedAt = startedAt }: Ended): string {
  return writeDuration(Date.parse(endedAt) - Date.parse(startedAt));
}

interface RetentionFacts {
  readonly removed: readonly string[];
  readonly kept: number;
  readonly copies: number;
  readonly left: number;
}

/** Backups named in full; of more only the number is told. */
const NAMED = 10;

export function retentionEnded(operation: Ended, { removed, kept, copies, left }: RetentionFacts): Message {
  const rest = left === 0 ? '' : ` ${left} more will go the next time.`;
  const text =
    removed.length === 0
      ? `nothing to remove: the rules keep all ${writeCount(kept, 'backup')}.`
      : `${writeCount(removed.length, 'backup')} that no rule keeps ${removed.length === 1 ? 'was' : 'were'} removed, ${kept} ${kept === 1 ? 'is' : 'are'} kept; ${writeCount(copies, 'copy', 'copies')} dropped. The space comes back with the next prune.${rest}`;
  const named = removed.length > NAMED ? [...removed.slice(0, NAMED), `and ${removed.length - NAMED} more`] : removed;
  return {
    ...base(operation),
    tone: 'good',
    text: `${operation.workspace}: ${text}`,
    ...(removed.length === 0 ? {} : { details: [`Removed: ${named.join(', ')}.`] }),
  };
}

export function repositoryPruned(operation: Ended, facts: { freedBytes: number; leftBytes: number }): Message {
  const freed = facts.freedBytes === 0 ? 'nothing to give back' : `${writeSize(facts.freedBytes)} given back`;
  return {
    ...base(operation),
    tone: 'good',
    text: `${operation.workspace}: the repository was pruned in ${lasted(operation)}: ${freed}, ${writeSize(facts.leftBytes)} are left.`,
  };
}

interface CheckFacts {
  readonly slices: number;
  readonly of: number;
  readonly done: number;
  readonly beganAt: string;
}

export function repositoryChecked(operation: Ended, { slices, of, done, beganAt }: CheckFacts): Message {
  const what = `${writeCount(slices, 'slice')} of the repository ${slices === 1 ? 'was' : 'were'} read again and ${slices === 1 ? 'is as it was' : 'are as they were'} stored`;
  const round = done >= of ? 'all data was read again' : `${done} of ${of} were read`;
  return {
    ...base(operation),
    tone: 'good',
    text: `${operation.workspace}: ${what}; ${round} since ${writeMoment(beganAt)}.`,
  };
}

/** Calls a human: every night that passes, more backups may stand on what is damaged. */
export function repositoryDamaged(
  { id, workspace }: Pick<Operation, 'id' | 'workspace'>,
  { backups, problems }: { readonly backups: readonly string[]; readonly problems: readonly string[] },
): Message {
  const named = backups.length > NAMED ? [...backups.slice(0, NAMED), `and ${backups.length - NAMED} more`] : backups;
  const touched =
    backups.length === 0 ? 'Which backups need it could not be told.' : `Backups that need it: ${named.join(', ')}.`;
  const verify = backups[0] === undefined ? '' : `, or look at one with: cml verify ${backups[0]}`;
  return {
    key: `${id}:damage`,
    workspace,
    operationId: id,
    tone: 'bad',
    text: `${workspace}: DATA IN THE REPOSITORY IS DAMAGED. ${touched} Services were not touched; retention is off.`,
    details: [
      ...problems.slice(0, 3),
      `New backups may stand on the same data: bring the damaged files back from a copy of the repository, or take them out with \`restic repair packs\`, then: cml backup ${workspace}${verify}`,
      `When it is put right, let retention go on: cml catalog confirm ${workspace}`,
    ],
  };
}

export function catalogDiffers(found: {
  readonly key: string;
  readonly workspace: string;
  /** What is wrong, one sentence each. */
  readonly findings: readonly string[];
  readonly isRemovable: boolean;
}): Message {
  const { key, workspace, findings, isRemovable } = found;
  const more = findings.length > NAMED ? [`and ${findings.length - NAMED} more`] : [];
  const next = isRemovable
    ? `Drop what nobody needs: cml catalog check ${workspace} --remove`
    : `See all of it: cml catalog check ${workspace}`;
  return {
    ...{ key, workspace },
    tone: 'warning',
    text: `${workspace}: ${writeCount(findings.length, 'thing')} in the catalog and the repository ${findings.length === 1 ? 'does' : 'do'} not fit together. Nothing was changed.`,
    details: [...findings.slice(0, NAMED), ...more, next],
  };
}
