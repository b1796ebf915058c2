import { copiesOf } from '../../src/backup/delete-plan.ts';
import type { Backup } from '../../src/records/backup.ts';
import type { Operation } from '../../src/records/operation.ts';
import type { DeletePlan } from '../../src/records/plan.ts';
import type { Request } from '../../src/records/request.ts';
import type { World } from '../fakes/world.ts';
import type { Allowances } from './invariants.ts';
import type { Played } from './play.ts';

/** Effects that only stories may have that stop services or change live data. */
const TOUCHES = /^platform\.(note|arm|disarm|stop|start|snapshot|stage|commit|revert|apply|keep)/;

const LOOKS_AFTER: Readonly<Record<string, (played: Played, before: World, allowed: Allowances) => string[]>> = {
  delete: findDeletion,
  verify: findVerification,
  retention: findRetention,
  prune: findUpkeep,
  check: findUpkeep,
};

/** What stories may never do that only look after backups, and what they have to leave; read from the world. */
export function findMisdeeds(played: Played, before: World, allowed: Allowances): string[] {
  const { operation } = played;
  const find = LOOKS_AFTER[operation.kind];
  if (!find) return [];
  const touched = played.lives.flatMap(({ effects }) => effects.filter(({ name }) => TOUCHES.test(name)));
  return [
    ...touched.map(({ name }) => `services or live data were touched: ${name}`),
    ...find(played, before, allowed),
  ];
}

const backupOf = ({ catalog }: World, id: string): Backup => JSON.parse(catalog.backups.get(id) ?? '{}');
const idsIn = ({ repository }: World) => new Set(repository.copies.map(({ id }) => id));

function findDeletion({ world, operation }: Played, before: World): string[] {
  const { requestId, plan } = operation.input as unknown as { requestId: string; plan: DeletePlan };
  const doomed = [plan.manifestCopyId ?? '', ...plan.copyIds].filter((id) => id !== '');
  const left = idsIn(world);
  const gone = doomed.filter((id) => !left.has(id));
  const foreign = [...idsIn(before)].filter((id) => !doomed.includes(id) && !left.has(id));
  const { status, pinned } = backupOf(world, plan.backupId);
  const request: Request = JSON.parse(world.catalog.requests.get(requestId) ?? '{}');
  const isApproved = request.status === 'used' && request.operationId === operation.id;
  const others = [...before.catalog.backups].filter(([id]) => id !== plan.backupId);
  return [
    ...foreign.map((id) => `copy ${id} of somebody else is gone`),
    ...others.flatMap(([id, text]) => (world.catalog.backups.get(id) === text ? [] : [`${id} was changed`])),
    ...(operation.status === 'succeeded' && status !== 'deleted' ? [`it succeeded, and the backup is ${status}`] : []),
    ...(operation.status === 'cancelled' && status !== 'completed' ? [`cancelled, and the backup is ${status}`] : []),
    ...(status === 'deleted' && gone.length < doomed.length ? ['deleted, and not all of its copies are gone'] : []),
    ...(status === 'completed' && gone.length > 0 ? ['listed as completed, and a copy of it is gone'] : []),
    ...(status !== 'completed' && !isApproved ? [`${status} without an approval of its own`] : []),
    ...(pinned && status !== 'completed' ? [`pinned, and ${status}`] : []),
  ];
}

/** Retention removes whole backups that are neither pinned nor the newest, and nothing else. */
function findRetention({ world, operation }: Played, before: World): string[] {
  const all = [...before.catalog.backups.values()].map((text): Backup => JSON.parse(text));
  const newest = all.toSorted((one, other) => Date.parse(other.takenAt) - Date.parse(one.takenAt))[0];
  const left = idsIn(world);
  const standing = all.map(({ id }) => backupOf(world, id)).filter(({ status }) => status === 'completed');
  const needed = new Set(standing.flatMap(copiesOf));
  return all.flatMap((backup) => {
    const { id } = backup;
    const { status, pinned } = backupOf(world, id);
    const own = copiesOf(backup).filter((copy) => !needed.has(copy));
    return [
      ...(id === newest?.id && status !== 'completed' ? [`the newest backup is ${status}`] : []),
      ...(pinned && status !== 'completed' ? [`pinned, and ${status}`] : []),
      ...(operation.status === 'cancelled' && status !== 'completed' ? [`cancelled, and a backup is ${status}`] : []),
      ...(operation.status === 'succeeded' && status === 'deleting'
        ? ['it succeeded, and a backup is half deleted']
        : []),
      ...(status === 'deleted' && own.some((copy) => left.has(copy)) ? ['deleted, and copies of it are left'] : []),
      ...(status === 'completed' && copiesOf(backupOf(world, id)).some((copy) => !left.has(copy))
        ? ['listed as completed, and a copy of it is gone']
        : []),
    ];
  });
}

/** A prune and a check leave every backup and every copy as it is. */
function findUpkeep({ world }: Played, before: World): string[] {
  const left = idsIn(world);
  const lost = [...idsIn(before)].filter((id) => !left.has(id));
  const changed = [...before.catalog.backups].filter(([id, text]) => world.catalog.backups.get(id) !== text);
  return [...lost.map((id) => `copy ${id} is gone`), ...changed.map(([id]) => `${id} was changed`)];
}

function findVerification({ world, operation }: Played, before: World, allowed: Allowances): string[] {
  const { backupId } = operation.input as { backupId: string };
  const { verified, ...rest } = backupOf(world, backupId);
  const lost = [...idsIn(before)].filter((id) => !idsIn(world).has(id));
  const isOurs = verified?.operationId === operation.id;
  return [
    ...(allowed.damaged ? [] : lost.map((id) => `copy ${id} is gone`)),
    ...(JSON.stringify(rest) === before.catalog.backups.get(backupId) ? [] : ['the record of the backup was changed']),
    ...(operation.status === 'succeeded' && !isOurs ? ['it succeeded, and the backup does not say so'] : []),
    ...(verified && !isOurs ? ['verified by nobody'] : []),
    ...(operation.status === 'cancelled' && verified ? ['cancelled, and the backup says it was verified'] : []),
    ...findCounts(operation, verified),
  ];
}

function findCounts(operation: Operation, verified: Backup['verified']): string[] {
  const outcome = operation.outcome as { files?: number; bytes?: number; checks?: number } | undefined;
  if (operation.status !== 'succeeded' || !verified) return [];
  const isSame = outcome?.files === verified.files && outcome.bytes === verified.bytes && outcome.checks === 1;
  return isSame ? [] : [`it says ${JSON.stringify(outcome)}, and the backup ${JSON.stringify(verified)}`];
}
