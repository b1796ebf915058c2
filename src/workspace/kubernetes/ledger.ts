import type { V1CronJob, V1Deployment, V1StatefulSet } from '@kubernetes/client-node';
import { z } from 'zod';
import { explain, OperationError } from '../../errors.ts';
import { moment } from '../../records/time.ts';
import type { RunningNote } from '../platform.ts';
import type { KubeContext } from './context.ts';
import type { ServiceKind } from './found.ts';
import { CRON_JOB, DEPLOYMENT, type Kind, STATEFUL_SET } from './kinds.ts';
import { NOTES } from './names.ts';
import { createOperationRecords, type OperationRecords } from './records.ts';

/** An object of somebody else that would start services again by itself, and that we hold still meanwhile. */
export const heldObject = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  plural: z.string(),
  namespace: z.string(),
  name: z.string(),
});
export type HeldObject = z.infer<typeof heldObject>;

/** What ran, of one service. It stands on the object itself from the very write that stops it to the one that starts it. */
export const ran = z.object({
  operationId: z.string(),
  notedAt: moment,
  service: z.string(),
  /** Absent on an object that a definition brought in: it was not there before. */
  uid: z.string().optional(),
  /** What to start it with; a CronJob that was not suspended has 1. */
  replicas: z.number().int().nonnegative(),
  ready: z.boolean(),
  /** Its rollout was paused, and still is: scaling works all the same. */
  paused: z.boolean().optional(),
  /** Services of one wave stop together, the smallest wave first, and start the other way round. */
  wave: z.number().int(),
  /** It would have lost its claims by being scaled down; given back when it is started. */
  whenScaled: z.literal('Delete').optional(),
  /** Of a StatefulSet: the uid of the volume that each of its claims was bound to. */
  claims: z.record(z.string(), z.string()).optional(),
  held: z.array(heldObject).optional(),
});
export type Ran = z.infer<typeof ran>;

export const ledgerEntry = ran.extend({
  kind: z.enum(['Deployment', 'StatefulSet', 'CronJob']),
  /** The object's own name, which is not the service's when two kinds share one. */
  object: z.string(),
});
export type LedgerEntry = z.infer<typeof ledgerEntry>;

const noteSection = z.object({ operationId: z.string(), notedAt: moment, services: z.array(ledgerEntry) });

export interface Ledger {
  readonly operationId: string;
  readonly notedAt: string;
  readonly entries: readonly LedgerEntry[];
}

export type ServiceObject = V1Deployment | V1StatefulSet | V1CronJob;

export const SERVICE_KINDS: Readonly<Record<ServiceKind, Kind<ServiceObject>>> = {
  Deployment: DEPLOYMENT,
  StatefulSet: STATEFUL_SET,
  CronJob: CRON_JOB,
};

export function recordsOf({ cluster, namespace, workspace }: KubeContext): OperationRecords {
  return createOperationRecords(cluster, namespace, workspace);
}

/** What stands on an object of a service. @throws OperationError `unknown-data` when it is not ours to understand. */
export function readRan(object: ServiceObject): Ran | undefined {
  const text = object.metadata?.annotations?.[NOTES.ran];
  if (text === undefined) return undefined;
  try {
    return ran.parse(JSON.parse(text));
  } catch (cause) {
    throw new OperationError(
      'unknown-data',
      `What ran of ${object.metadata?.name} is noted on it and cannot be read.`,
      {
        cause,
        hint: `look at its annotation ${NOTES.ran}, scale it by hand and remove the annotation`,
      },
    );
  }
}

export function isNoted({ metadata }: ServiceObject): boolean {
  return metadata?.annotations?.[NOTES.ran] !== undefined;
}

/** The annotation for an object, from its entry. */
export function writeRan(entry: Ran): string {
  return JSON.stringify(ran.parse(entry));
}

/**
 * What ran and has not been started again: from the objects themselves, completed by the record of the operation. An
 * object that carries a note tells the truth about itself, so this works when the record is gone.
 */
export async function readLedger(context: KubeContext): Promise<Ledger | undefined> {
  const [recorded, noted] = await Promise.all([readRecorded(context), readNoted(context)]);
  const entries = new Map<string, LedgerEntry>();
  for (const entry of [...(recorded?.services ?? []), ...noted]) entries.set(`${entry.kind}/${entry.object}`, entry);
  const from = recorded ?? noted[0];
  if (from === undefined) return undefined;
  const inOrder = [...entries.values()].sort((one, other) => one.wave - other.wave);
  return { operationId: from.operationId, notedAt: from.notedAt, entries: inOrder };
}

async function readRecorded(context: KubeContext): Promise<z.infer<typeof noteSection> | undefined> {
  const records = recordsOf(context);
  const found = [];
  for (const operationId of await records.having('note')) {
    const note = await records.read(operationId, 'note', noteSection);
    if (note !== undefined) found.push(note);
  }
  return found.sort((one, other) => one.notedAt.localeCompare(other.notedAt))[0];
}

async function readNoted(context: KubeContext): Promise<LedgerEntry[]> {
  return (await listObjects(context)).flatMap(({ kind, object }) => {
    const noted = readIfPossible(context, object);
    return noted === undefined ? [] : [{ ...noted, kind, object: object.metadata?.name ?? '' }];
  });
}

/** One that somebody has spoilt must not keep all others down; the record may know better. */
function readIfPossible({ log }: KubeContext, object: ServiceObject): Ran | undefined {
  try {
    return readRan(object);
  } catch (cause) {
    log.warn({ service: object.metadata?.name, why: explain(cause) }, 'the note on a service cannot be read');
    return undefined;
  }
}

/** Every object of the namespace that may be a service. */
export async function listObjects({
  cluster,
  namespace,
}: KubeContext): Promise<{ readonly kind: ServiceKind; readonly object: ServiceObject }[]> {
  const kinds: readonly ServiceKind[] = ['Deployment', 'StatefulSet', 'CronJob'];
  const lists = await Promise.all(
    kinds.map(async (kind) =>
      (await cluster.list(SERVICE_KINDS[kind], { namespace })).map((object) => ({ kind, object })),
    ),
  );
  return lists.flat();
}

export async function writeLedger(context: KubeContext, { operationId, notedAt, entries }: Ledger): Promise<void> {
  await recordsOf(context).write(operationId, 'note', { operationId, notedAt, services: entries });
}

/** Notes services anew, as a definition that is about to be applied wants them; the others stay as they are noted. */
export async function renote(context: KubeContext, ledger: Ledger, changed: readonly LedgerEntry[]): Promise<void> {
  const isChanged = ({ kind, object }: LedgerEntry) =>
    changed.some((entry) => entry.kind === kind && entry.object === object);
  const entries = [...ledger.entries.filter((entry) => !isChanged(entry)), ...changed];
  await writeLedger(context, { ...ledger, entries });
}

export async function forgetLedger(context: KubeContext, operationId: string): Promise<void> {
  await recordsOf(context).forget(operationId, 'note');
}

export function noteOf({ operationId, notedAt, entries }: Ledger): RunningNote {
  return { operationId, notedAt, services: entries.map(({ service, ready }) => ({ name: service, ready })) };
}
