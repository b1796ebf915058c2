import { z } from 'zod';
import { OperationError } from '../../errors.ts';
import type { KubeContext } from './context.ts';
import { CLAIM, VOLUME } from './kinds.ts';
import { type Ledger, type LedgerEntry, recordsOf } from './ledger.ts';

/**
 * Section `volumes` of an operation: the uids of the volumes that each claim may be bound to when services start. Written
 * with the note of what runs; what a swap brings in stands in its own record.
 */
export const knownVolumes = z.record(z.string(), z.array(z.string()));
export type KnownVolumes = z.infer<typeof knownVolumes>;

export async function readKnownVolumes(context: KubeContext, operationId: string): Promise<KnownVolumes | undefined> {
  return recordsOf(context).read(operationId, 'volumes', knownVolumes);
}

export async function writeKnownVolumes(
  context: KubeContext,
  operationId: string,
  volumes: KnownVolumes,
): Promise<void> {
  await recordsOf(context).write(operationId, 'volumes', volumes);
}

/**
 * A StatefulSet that is started without its claim makes an empty one, and its program begins anew on it: so every claim of
 * what is about to start must be bound to a volume that somebody wrote down.
 * @throws OperationError `unknown-data`.
 */
export async function assertKnownClaims(context: KubeContext, ledger: Ledger): Promise<void> {
  const recorded = await readKnownVolumes(context, ledger.operationId);
  const known = joined(recorded ?? volumesOf(ledger.entries), await volumesOfSwaps(context));
  const problems = await Promise.all(
    Object.entries(known).map(([claim, volumes]) => whyUnknown(context, claim, volumes)),
  );
  const [problem] = problems.filter((one) => one !== undefined);
  if (problem === undefined) return;
  throw new OperationError('unknown-data', `${problem} Nothing is started on data of unknown state.`, {
    hint: `look at the claims of ${context.namespace}; a restore that was cut off is put back by \`cml start\``,
  });
}

/** What of a swap's record counts here; whether it stands half-way is asked of the swap itself. */
const swapOfClaims = z.looseObject({
  parts: z.array(
    z.looseObject({
      claim: z.string(),
      previous: z.looseObject({ uid: z.string() }),
      staged: z.looseObject({ uid: z.string() }),
    }),
  ),
});

/** A swap writes down both volumes of each claim before it touches the first. */
async function volumesOfSwaps(context: KubeContext): Promise<KnownVolumes> {
  const records = recordsOf(context);
  const swaps = await Promise.all(
    (await records.having('swap')).map((operationId) => records.read(operationId, 'swap', swapOfClaims)),
  );
  const parts = swaps.flatMap((swap) => swap?.parts ?? []);
  return Object.fromEntries(parts.map(({ claim, previous, staged }) => [claim, [previous.uid, staged.uid]]));
}

/** Only claims of the first are looked at: what is about to start needs no others. */
function joined(known: KnownVolumes, more: KnownVolumes): KnownVolumes {
  return Object.fromEntries(Object.entries(known).map(([claim, uids]) => [claim, [...uids, ...(more[claim] ?? [])]]));
}

/** From the notes on the objects: what was bound when they were stopped. */
function volumesOf(entries: readonly LedgerEntry[]): KnownVolumes {
  const all = entries.flatMap(({ claims = {} }) => Object.entries(claims));
  return Object.fromEntries(all.map(([claim, volume]) => [claim, [volume]]));
}

async function whyUnknown(
  { cluster, namespace }: KubeContext,
  name: string,
  volumes: readonly string[],
): Promise<string | undefined> {
  const claim = await cluster.read(CLAIM, name, namespace);
  if (claim === undefined) return `The claim ${name} is not there.`;
  if (claim.metadata?.deletionTimestamp !== undefined) return `The claim ${name} is being removed.`;
  if (claim.status?.phase !== 'Bound') return `The claim ${name} is ${claim.status?.phase ?? 'not bound'}.`;
  const volume = claim.spec?.volumeName ?? '';
  const uid = (await cluster.read(VOLUME, volume))?.metadata?.uid ?? '';
  return volumes.includes(uid) ? undefined : `The claim ${name} is bound to ${volume}, which nobody recorded.`;
}
