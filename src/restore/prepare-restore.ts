import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import type { Chat } from '../chat/chat.ts';
import { describeRequest } from '../chat/messages/request.ts';
import { isAppError, OperationError } from '../errors.ts';
import type { DataMover, MoveOptions } from '../mover/mover.ts';
import type { RestoredPart, RestorePlan } from '../records/plan.ts';
import type { Inspection } from '../workspace/inspection.ts';
import type { DefinitionFile, WorkspacePlatform } from '../workspace/platform.ts';
import type { StagedPart } from '../workspace/swaps.ts';
import { tightestPart } from './restore-plan.ts';

interface RestoreWorld {
  readonly platform: WorkspacePlatform;
  readonly mover: DataMover;
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Nobody waits for what is brought back. */
  readonly yields?: boolean;
}

/**
 * Moves one approval to this operation; a second operation can never use it. Who waits for the request learns of the
 * operation by its last drawing; a chat that is down keeps nothing from running.
 */
export async function claimApproval(
  { catalog, chat }: { readonly catalog: Catalog; readonly chat: Chat },
  requestId: string,
  operationId: string,
  now: Date,
): Promise<void> {
  const claimed = await catalog.requests.change(requestId, (request) => {
    if (request.status === 'used' && request.operationId === operationId) return undefined;
    if (request.status !== 'approved') {
      throw new OperationError('plan-changed', `The request ${requestId} is ${request.status}, not approved.`);
    }
    if (Date.parse(request.expiresAt) < now.getTime()) {
      throw new OperationError('plan-changed', `The approval of ${requestId} has expired.`, { hint: 'Ask again.' });
    }
    return { ...request, status: 'used', operationId };
  });
  try {
    await chat.showRequest(claimed, describeRequest(claimed));
  } catch (error) {
    if (!isAppError(error)) throw error;
  }
}

/** Looks once more at all that the approval stood on, and whether there is room beside the live data. */
export async function checkRestore(plan: RestorePlan, operationId: string, world: RestoreWorld): Promise<void> {
  await world.mover.probe();
  const inspection = await world.platform.inspect({ signal: world.signal, toRestore: 'approved' });
  refuseUnfitTarget(plan, inspection, operationId);
  refuseObstacles(plan, inspection);
  if (plan.way === 'swap') refuseWithoutRoom(plan, inspection);
  const copies = await world.mover.list([], { folder: world.folder, key: 'list-known', signal: world.signal });
  const known = new Set(copies.map(({ id }) => id));
  const lost = [...plan.parts, ...(plan.definition ? [plan.definition] : [])].find(({ copyId }) => !known.has(copyId));
  if (lost) {
    throw new OperationError('plan-changed', `Copy ${lost.copyId} is not in the repository any more.`, {
      hint: 'The backup cannot be restored as it is; choose another: cml list',
    });
  }
}

/** @throws OperationError when services are noted by another operation, or a part is not where the plan says. */
export function refuseUnfitTarget(
  plan: { readonly workspace: string; readonly parts: readonly { readonly name: string; readonly path: string }[] },
  inspection: Inspection,
  operationId: string,
): void {
  if (inspection.notedBy !== undefined && inspection.notedBy !== operationId) {
    throw new OperationError(
      'preflight-failed',
      `Services of ${plan.workspace} were stopped by ${inspection.notedBy} and have not been started again.`,
      { hint: `Start them first: cml start ${plan.workspace}` },
    );
  }
  for (const part of plan.parts) {
    const live = inspection.parts.find(({ name }) => name === part.name);
    if (live?.present && live.path === part.path) continue;
    throw new OperationError('plan-changed', `"${part.name}" is not at ${part.path || 'any place'} now.`, {
      hint: 'Correct the configuration, then ask for it again.',
    });
  }
}

/** Before anyone is disturbed: a restore in place touches the parts only when services are down. */
function refuseObstacles(plan: RestorePlan, inspection: Inspection): void {
  for (const { name } of plan.parts.filter(({ within }) => within === undefined)) {
    const obstacle = inspection.parts.find((part) => part.name === name)?.obstacle;
    if (obstacle === undefined) continue;
    throw new OperationError('preflight-failed', `"${name}" cannot be restored: ${obstacle}`, {
      hint: 'Unmount it, or mount it elsewhere and make it a part of its own; or restore single paths with --only.',
    });
  }
}

function refuseWithoutRoom(plan: RestorePlan, inspection: Inspection): void {
  const tight = tightestPart(plan.parts, inspection);
  if (!tight || tight.lackingBytes <= 0) return;
  throw new OperationError('preflight-failed', `There is no room beside "${tight.name}" to build it anew.`, {
    hint: `It needs ${Math.ceil(tight.lackingBytes / 1e6)} MB more on that file system. Ask again: then it is planned without that room.`,
  });
}

/** Restores every part into its staged place and checks what arrived against what the backup counted. */
export async function fillStaged(
  plan: {
    readonly parts: readonly (Pick<RestoredPart, 'name' | 'copyId' | 'pathInCopy' | 'files' | 'bytes'> & {
      readonly within?: string | undefined;
    })[];
  },
  staged: readonly StagedPart[],
  world: RestoreWorld,
  onProgress: NonNullable<MoveOptions['onProgress']>,
): Promise<{ files: number; bytes: number }> {
  let files = 0;
  let bytes = 0;
  for (const [index, part] of plan.parts.entries()) {
    const { name, within } = part;
    const place = staged.find((candidate) => candidate.part === name && candidate.within === within);
    if (!place) throw new OperationError('stage-not-proven', `"${name}" has no staged place.`);
    const { folder, signal } = world;
    const options = {
      folder,
      key: within === undefined ? `fill-${name}` : `fill-${name}-${index}`,
      signal,
      onProgress,
      ...(world.yields ? { yields: true } : {}),
      ...(place.isRoot ? { inPlace: true } : {}),
    };
    const pathInCopy = within === undefined ? part.pathInCopy : join(part.pathInCopy, within);
    const arrived = await world.mover.restore(part.copyId, pathInCopy, place.path, options);
    if (arrived.files !== part.files || arrived.bytes !== part.bytes) {
      throw new OperationError(
        'stage-not-proven',
        `"${within === undefined ? name : join(name, within)}" came back with ${arrived.files} files and ${arrived.bytes} bytes; the backup has ${part.files} and ${part.bytes}.`,
        { hint: 'Nothing was changed. Check the repository, then ask again.' },
      );
    }
    files += arrived.files;
    bytes += arrived.bytes;
  }
  return { files, bytes };
}

/** Writes whole parts over the live ones. What arrived is checked against the counts, where they are given. */
export async function writeInPlace(
  parts: readonly (Pick<RestoredPart, 'name' | 'copyId' | 'pathInCopy'> &
    Partial<Pick<RestoredPart, 'files' | 'bytes'>>)[],
  live: readonly StagedPart[],
  world: Pick<RestoreWorld, 'mover' | 'folder' | 'signal'>,
  onProgress: NonNullable<MoveOptions['onProgress']>,
  key: string,
): Promise<{ files: number; bytes: number }> {
  const total = { files: 0, bytes: 0 };
  for (const { name, copyId, pathInCopy, ...counted } of parts) {
    const place = live.find((candidate) => candidate.part === name);
    if (!place) throw new OperationError('stage-not-proven', `"${name}" has no live place.`);
    const { folder, signal } = world;
    const options = { folder, key: `${key}-${name}`, signal, onProgress, inPlace: true };
    const arrived = await world.mover.restore(copyId, pathInCopy, place.path, options);
    const { files = arrived.files, bytes = arrived.bytes } = counted;
    if (arrived.files !== files || arrived.bytes !== bytes) {
      throw new OperationError(
        'stage-not-proven',
        `"${name}" came back with ${arrived.files} files and ${arrived.bytes} bytes; the backup has ${files} and ${bytes}.`,
        { hint: 'What stood there before is put back. Check the repository, then ask again.' },
      );
    }
    total.files += arrived.files;
    total.bytes += arrived.bytes;
  }
  return total;
}

/** Brings the backup's definition back from the repository and proves it is the one that was captured. */
export async function fetchDefinition(
  plan: { readonly definition: NonNullable<RestorePlan['definition']>; readonly releaseThen: string },
  world: RestoreWorld,
): Promise<DefinitionFile> {
  const target = join(world.folder, 'definition');
  await mkdir(target, { recursive: true, mode: 0o700 });
  const { copyId, pathInCopy, sha256 } = plan.definition;
  const { folder, signal } = world;
  await world.mover.restore(copyId, pathInCopy, target, { folder, key: 'fetch-definition', signal });
  const path = join(target, 'definition.json');
  const found = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  if (found !== sha256) {
    throw new OperationError('stage-not-proven', 'The definition in the repository is not the one the backup names.', {
      hint: 'Nothing was changed. Check the repository.',
    });
  }
  return { path, sha256, release: plan.releaseThen };
}
