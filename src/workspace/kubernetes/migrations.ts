import type { V1Job } from '@kubernetes/client-node';
import { z } from 'zod';
import { OperationError } from '../../errors.ts';
import type { EffectOptions } from '../platform.ts';
import type { KubeContext } from './context.ts';
import { type DefinedObject, definedObject } from './definition.ts';
import { JOB } from './kinds.ts';
import { recordsOf } from './ledger.ts';

/** Section `migrations`: Jobs that services wait for when they start next. In the cluster, for whoever starts them then. */
const SECTION = 'migrations';

/** On a Job of the workspace: the operation that ran it anew. */
const RUN_BY = 'cml-backup/run-by';

export async function noteMigrations(
  context: KubeContext,
  operationId: string,
  jobs: readonly DefinedObject[],
): Promise<void> {
  const records = recordsOf(context);
  if (jobs.length > 0) await records.write(operationId, SECTION, jobs);
  else await records.forget(operationId, SECTION);
}

/**
 * One after the other, by name. Each runs once for the operation: what an earlier life of it made is taken up.
 * @throws OperationError `service-will-not-start` naming the one that failed.
 */
export async function runMigrations(context: KubeContext, operationId: string, options: EffectOptions): Promise<void> {
  const jobs = (await recordsOf(context).read(operationId, SECTION, z.array(definedObject))) ?? [];
  for (const job of jobs) await runMigration(context, operationId, job, options);
}

async function runMigration(
  context: KubeContext,
  operationId: string,
  job: DefinedObject,
  { signal }: EffectOptions,
): Promise<void> {
  const { cluster, namespace, settings } = context;
  const { name } = job.metadata;
  const where = { namespace, fields: `metadata.name=${name}` };
  const withinMs = settings.startWithin;
  const late = () => failed(name, 'it does not end');
  const standing = await cluster.read(JOB, name, namespace);
  if (standing?.metadata?.annotations?.[RUN_BY] !== operationId) {
    // A Job runs once in its life: the one of the installation stays listed.
    if (standing)
      await cluster.remove(JOB, name, namespace, { uid: standing.metadata?.uid, propagation: 'Foreground' });
    const isGone = (jobs: readonly V1Job[]) =>
      jobs.some(({ metadata }) => metadata?.uid === standing?.metadata?.uid) ? undefined : true;
    if (standing) await cluster.follow(JOB, where, isGone, { signal, withinMs, late });
    const metadata = { ...job.metadata, namespace, annotations: { [RUN_BY]: operationId } };
    await cluster.create(JOB, { ...job, metadata } as V1Job);
  }
  const look = ([found]: readonly V1Job[]) => {
    const ended = found?.status?.conditions?.find(
      ({ type, status }) => status === 'True' && (type === 'Complete' || type === 'Failed'),
    );
    if (found === undefined) throw failed(name, 'somebody removed it');
    if (ended?.type === 'Failed') throw failed(name, ended.message ?? ended.reason ?? 'it failed');
    return ended && true;
  };
  await cluster.follow(JOB, where, look, { signal, withinMs, late });
}

function failed(name: string, why: string): OperationError {
  return new OperationError('service-will-not-start', `The migration ${name} did not succeed: ${why}`, {
    hint: 'clients of the database are not started on what it did not bring up to date; look at its pod',
  });
}
