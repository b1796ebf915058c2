import type { V1PersistentVolume } from '@kubernetes/client-node';
import { OperationError } from '../../errors.ts';
import type { StagedPart } from '../swaps.ts';
import { assertUnmounted, manifestOf } from './bind-claim.ts';
import type { KubeContext } from './context.ts';
import { type DisplacedEntry, keepDisplaced } from './displaced.ts';
import { findParts } from './find-parts.ts';
import type { FoundPart } from './found.ts';
import { keepVolume } from './keep-volumes.ts';
import { CLAIM, SNAPSHOT, VOLUME } from './kinds.ts';
import { type KnownVolumes, readKnownVolumes, writeKnownVolumes } from './known-data.ts';
import { claimNameOf, NOTES } from './names.ts';
import { wasServed } from './served.ts';
import { giveUpSwap } from './settle-volumes.ts';
import { describePaths } from './swap-paths.ts';
import { type ClaimSwap, listSwaps, type SwapRecord, writeSwap } from './swap-record.ts';
import { stateOfSwap } from './swap-state.ts';
import { entryOffering } from './undo.ts';

/** How long displaced data is kept whose operation never said how long: a week. */
const KEEP_ABANDONED_MS = 7 * 24 * 3_600_000;

/**
 * Writes down what stands where, in the cluster and on the volumes, before anything is touched. From here on no volume goes
 * with its claim.
 */
export async function beginSwap(
  context: KubeContext,
  operationId: string,
  staged: readonly StagedPart[],
): Promise<SwapRecord> {
  await settleOthers(context);
  const undone = await entryOffering(context, staged);
  const found = (await findParts(context)).parts;
  const whole = staged.filter(({ within }) => within === undefined);
  const parts = await Promise.all(
    whole.map((place) => {
      const part = found.find(({ name }) => name === place.part);
      if (!part) throw new OperationError('part-missing', `${place.part} is not there any more`);
      return undone ? describeUndo(context, undone, part) : describeStaged(context, operationId, part);
    }),
  );
  const paths = await describePaths(context, operationId, staged, found, undone?.swap);
  if (parts.length + paths.length === 0) throw new OperationError('swap-failed', 'there is nothing to swap');
  const undoes = undone ? { undoes: undone.operationId } : {};
  const record: SwapRecord = { operationId, ...undoes, parts, paths, phase: 'begun' };
  const claims = parts.flatMap(({ claim, staged: { claim: own } }) => [claim, ...(own ? [own.name] : [])]);
  await assertNoSnapshotPending(context, claims);
  await assertUnmounted(context, claims);
  const volumes = parts.flatMap(({ previous, staged: incoming }) => [previous.volume, incoming.volume]);
  await Promise.all(volumes.map((name) => keepVolume(context, name)));
  await writeSwap(context, record);
  await addKnown(context, record);
  await Promise.all(parts.map((part) => noteOnVolumes(context, operationId, part)));
  return record;
}

/** What an operation left that ended before it could settle its swap: harmless when untouched or served. */
async function settleOthers(context: KubeContext): Promise<void> {
  for (const other of await listSwaps(context)) {
    const state = await stateOfSwap(context, other);
    if (state === 'previous') {
      await giveUpSwap(context, other);
    } else if (state === 'committed' && (await wasServed(context, other.operationId))) {
      const until = new Date(context.clock.now().getTime() + KEEP_ABANDONED_MS).toISOString();
      await keepDisplaced(context, other.operationId, until);
    } else {
      throw new OperationError('swap-failed', `the swap of operation ${other.operationId} is not settled yet`, {
        hint: 'it has to be put back first: see how that operation ended',
      });
    }
  }
}

async function describeStaged(context: KubeContext, operationId: string, part: FoundPart): Promise<ClaimSwap> {
  const { cluster, namespace } = context;
  const name = claimNameOf('staged', operationId, part.name);
  const claim = await cluster.read(CLAIM, name, namespace);
  const volume = claim?.spec?.volumeName ? await cluster.read(VOLUME, claim.spec.volumeName) : undefined;
  if (claim?.status?.phase !== 'Bound' || volume === undefined)
    throw new OperationError('swap-failed', `nothing is staged for ${part.name}`, {
      hint: `the claim ${name} is ${claim === undefined ? 'missing' : 'not bound'}`,
    });
  const live = liveOf(part);
  return {
    ...live,
    staged: { ...sideOf(volume), claim: { name, uid: claim.metadata?.uid ?? '' }, manifest: live.previous.manifest },
  };
}

async function describeUndo(context: KubeContext, undone: DisplacedEntry, part: FoundPart): Promise<ClaimSwap> {
  const kept = undone.swap.parts.find((one) => one.part === part.name);
  const volume = kept && (await context.cluster.read(VOLUME, kept.previous.volume));
  if (!kept || volume?.metadata?.uid !== kept.previous.uid)
    throw new OperationError('part-missing', `${part.name} is not kept any more`);
  const live = liveOf(part);
  if (live.claim !== kept.claim)
    throw new OperationError('part-missing', `${part.name} is not the claim ${kept.claim} any more`);
  return { ...live, staged: { ...sideOf(volume), manifest: kept.previous.manifest } };
}

function liveOf(part: FoundPart): Omit<ClaimSwap, 'staged'> {
  const { claim, volume } = part.backing ?? part;
  const policy = volume.spec?.persistentVolumeReclaimPolicy ?? 'Retain';
  return {
    ...{ part: part.name, claim: claim.metadata?.name ?? '' },
    previous: { ...sideOf(volume), claimUid: claim.metadata?.uid ?? '', manifest: manifestOf(claim) },
    reclaim: volume.metadata?.annotations?.[NOTES.reclaim] ?? policy,
  };
}

function sideOf({ metadata }: V1PersistentVolume): { volume: string; uid: string } {
  return { volume: metadata?.name ?? '', uid: metadata?.uid ?? '' };
}

/** One that is not ready yet would hold its claim in Terminating (kube-traces 09). */
async function assertNoSnapshotPending({ cluster, namespace }: KubeContext, claims: readonly string[]): Promise<void> {
  if (!(await cluster.serves(SNAPSHOT))) return;
  const pending = (await cluster.list(SNAPSHOT, { namespace })).find(
    ({ spec, status }) => claims.includes(spec.source.persistentVolumeClaimName ?? '') && status?.readyToUse !== true,
  );
  if (!pending) return;
  const { metadata, spec } = pending;
  throw new OperationError(
    'swap-failed',
    `the snapshot ${metadata?.name} of ${spec.source.persistentVolumeClaimName} is not ready and would hold it`,
    { hint: 'wait until it is ready, or remove it; nothing was touched' },
  );
}

/** Services may start on either; see `assertKnownData` for mixtures. */
async function addKnown(context: KubeContext, { operationId, parts }: SwapRecord): Promise<void> {
  const known: KnownVolumes = (await readKnownVolumes(context, operationId)) ?? {};
  const added: KnownVolumes = {};
  for (const { claim, previous, staged } of parts) added[claim] = [previous.uid, staged.uid];
  await writeKnownVolumes(context, operationId, { ...known, ...added });
}

/** For people, and for whoever sweeps. */
async function noteOnVolumes(
  { cluster, namespace }: KubeContext,
  operationId: string,
  { claim, previous, staged, part }: ClaimSwap,
): Promise<void> {
  for (const [role, { volume, uid }] of [
    ['previous', previous],
    ['staged', staged],
  ] as const) {
    const note = JSON.stringify({ operationId, role, claim: `${namespace}/${claim}`, part });
    await cluster.patch(VOLUME, volume, undefined, { metadata: { uid, annotations: { [NOTES.swap]: note } } });
  }
}
