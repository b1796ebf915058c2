import { afterEach, expect, test } from 'vitest';
import { createKubeLab, type KubeLab } from '../fakes/kube-api/lab.ts';
import { makeEcsLonghorn } from '../fakes/kube-api/layouts/ecs-longhorn.ts';
import { makeExternalNfs } from '../fakes/kube-api/layouts/external-nfs.ts';
import type { Layout } from '../fakes/kube-api/layouts/layout.ts';
import { makeOpenshiftCeph } from '../fakes/kube-api/layouts/openshift-ceph.ts';

let lab: KubeLab | undefined;
afterEach(async () => {
  await lab?.dispose();
  expect(lab?.world.failures).toEqual([]);
});

const LAYOUTS = [
  ['ecs-longhorn', makeEcsLonghorn],
  ['openshift-ceph', makeOpenshiftCeph],
  ['external-nfs', makeExternalNfs],
] as const;

test.each(LAYOUTS)('brings up a whole workspace on %s, with files in every part', async (_name, make) => {
  lab = await createKubeLab();
  const layout: Layout = await make(lab, {});
  expect(layout.services.filter((service) => !layout.isUp(service))).toEqual([]);
  for (const part of layout.parts)
    expect(Object.keys((await layout.walk(part.name)).entries).length).toBeGreaterThan(1);
  await layout.endSessions();
});

test.each(LAYOUTS)('brings up a small workspace on %s', async (_name, make) => {
  lab = await createKubeLab();
  const layout: Layout = await make(lab, { small: true });
  layout.takeDown('web');
  expect(layout.isUp('web')).toBe(false);
});
