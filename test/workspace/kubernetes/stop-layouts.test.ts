import { expect, onTestFinished, test } from 'vitest';
import type { PartPlan } from '../../../src/records/plan.ts';
import type { KubeContext } from '../../../src/workspace/kubernetes/context.ts';
import { findParts } from '../../../src/workspace/kubernetes/find-parts.ts';
import { findServices } from '../../../src/workspace/kubernetes/find-services.ts';
import { noteRunning } from '../../../src/workspace/kubernetes/note.ts';
import { proveQuiet } from '../../../src/workspace/kubernetes/quiet.ts';
import { startServices } from '../../../src/workspace/kubernetes/start-services.ts';
import { stopServices } from '../../../src/workspace/kubernetes/stop-services.ts';
import { createKubeLab, type KubeLab } from '../../fakes/kube-api/lab.ts';
import { makeEcsLonghorn } from '../../fakes/kube-api/layouts/ecs-longhorn.ts';
import { makeExternalNfs } from '../../fakes/kube-api/layouts/external-nfs.ts';
import { type Layout, WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { makeOpenshiftCeph } from '../../fakes/kube-api/layouts/openshift-ceph.ts';
import { contextOf } from './scene.ts';

type Make = (lab: KubeLab) => Promise<Layout>;

const MAKES: readonly (readonly [string, Make])[] = [
  ['ECS with Longhorn', makeEcsLonghorn],
  ['OpenShift with Ceph', makeOpenshiftCeph],
  ['external NFS', makeExternalNfs],
];

test.each(MAKES)('a whole workspace on %s stops, is quiet, and comes back as it was', async (_name, make) => {
  const lab = await createKubeLab();
  onTestFinished(() => lab.dispose());
  const layout = await make(lab);
  const base = contextOf(lab.cluster());
  const settings = { ...base.settings, stopWithin: 5_000, startWithin: 5_000, workloads: 'stop' as const };
  const context: KubeContext = { ...base, settings, namespace: WORKSPACE, workspace: WORKSPACE };
  const asked = async () =>
    (await findServices(context)).map(({ name, replicas, ready }) => ({ name, replicas, ready }));
  const before = await asked();
  const note = await noteRunning(context, 'op_01');
  const quiet = await stopServices(context, note, {});
  const parts = (await findParts(context)).parts.map(({ name }) => ({ name }) as PartPlan);
  await proveQuiet(context, quiet, parts);
  await startServices(context, note, {});
  expect(await asked()).toEqual(before);
  expect(layout.services.length).toBeGreaterThan(10);
});
