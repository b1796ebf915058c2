import { CRON_JOB, JOB } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../store.ts';
import { ownedBy, ownerKey, ownerReferenceTo } from './owned-pods.ts';
import { stamp } from './pod-status.ts';
import { keyOf, splitKey, startController, type World } from './world.ts';

const isRunning = ({ status }: Stored) =>
  !(status?.conditions ?? []).some(({ type }: { type: string }) => type === 'Complete' || type === 'Failed');

/** Keeps the list of active Jobs. Time does not make Jobs here, `ringCronJob` does. */
export function startCronJobController(world: World): () => void {
  return startController(world, {
    kinds: [CRON_JOB, JOB],
    keysOf: ({ kind, object }) => (kind.kind === 'CronJob' ? [keyOf(object)] : ownerKey(object, 'CronJob')),
    look(key) {
      const { namespace, name } = splitKey(key);
      const cronJob = world.store.get(CRON_JOB, name, namespace);
      if (!cronJob) return;
      const active = ownedBy(world, cronJob, JOB).filter(isRunning);
      world.store.edit(CRON_JOB, name, namespace, (standing) => {
        const { active: _, ...rest } = standing.status ?? {};
        const list = active.map(({ metadata }) => ({ apiVersion: 'batch/v1', kind: 'Job', name: metadata.name }));
        standing.status = { ...rest, ...(list.length > 0 ? { active: list } : {}) };
      });
    },
    delay: () => world.delays.status,
  });
}

/** Its time has come: answers the Job that it made, or nothing while it is suspended. */
export function ringCronJob(world: World, namespace: string, name: string): Stored | undefined {
  const cronJob = world.store.get(CRON_JOB, name, namespace);
  if (!cronJob || cronJob.spec.suspend) return undefined;
  const number = world.store.version();
  world.store.edit(CRON_JOB, name, namespace, (standing) => {
    standing.status = { ...standing.status, lastScheduleTime: stamp(world.now()) };
  });
  const { metadata = {}, spec } = cronJob.spec.jobTemplate;
  return world.store.create(JOB, {
    metadata: { ...metadata, name: `${name}-${number}`, namespace, ownerReferences: [ownerReferenceTo(cronJob)] },
    spec: structuredClone(spec),
  } as Stored);
}
