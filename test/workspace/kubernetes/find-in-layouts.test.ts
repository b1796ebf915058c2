import { describe, expect, it, onTestFinished } from 'vitest';
import type { KubeContext } from '../../../src/workspace/kubernetes/context.ts';
import { findParts } from '../../../src/workspace/kubernetes/find-parts.ts';
import { findServices } from '../../../src/workspace/kubernetes/find-services.ts';
import { findHolders } from '../../../src/workspace/kubernetes/holders.ts';
import { inspectWorkspace } from '../../../src/workspace/kubernetes/inspect.ts';
import { findWorkloads } from '../../../src/workspace/kubernetes/workloads.ts';
import { createKubeLab, type KubeLab } from '../../fakes/kube-api/lab.ts';
import { makeEcsLonghorn } from '../../fakes/kube-api/layouts/ecs-longhorn.ts';
import { makeExternalNfs } from '../../fakes/kube-api/layouts/external-nfs.ts';
import { type Layout, WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { makeOpenshiftCeph } from '../../fakes/kube-api/layouts/openshift-ceph.ts';
import { contextOf } from './scene.ts';

type Make = (lab: KubeLab) => Promise<Layout>;

async function stand(make: Make): Promise<{ layout: Layout; context: KubeContext }> {
  const lab = await createKubeLab();
  onTestFinished(() => lab.dispose());
  const layout = await make(lab);
  return { layout, context: { ...contextOf(lab.cluster()), namespace: WORKSPACE, workspace: WORKSPACE } };
}

const LAYOUTS: readonly (readonly [string, Make, projects: string])[] = [
  ['ECS with Longhorn', makeEcsLonghorn, 'snapshot'],
  ['OpenShift with Ceph', makeOpenshiftCeph, 'snapshot'],
  ['external NFS', makeExternalNfs, 'two-pass'],
];

describe.each(LAYOUTS)('a workspace on %s', (name, make, projects) => {
  it('has all its services found, from the web to the database', async () => {
    const { layout, context } = await stand(make);
    const names = (await findServices(context)).map((service) => service.name);
    expect([...names].sort()).toEqual([...layout.services].sort());
    expect(names.slice(0, 5)).toEqual(['web', 'api', 'cron', 'ds-reconciler', 'ds-operator']);
    const last = name === 'ECS with Longhorn' ? ['db', `longhorn-nfs-${WORKSPACE}`] : ['db'];
    expect(names.slice(-last.length)).toEqual(last);
  });

  it('has all its parts found, with who can take them how', async () => {
    const { layout, context } = await stand(make);
    const { parts, leftOut, missing } = await findParts(context);
    const told = parts.map((part) => ({
      ...{ name: part.name, kind: part.kind, location: part.location },
      ...(part.driver === undefined ? {} : { driver: part.driver }),
    }));
    const byName = (one: { name: string }, other: { name: string }) => one.name.localeCompare(other.name);
    expect(told.sort(byName)).toEqual([...layout.parts].sort(byName));
    expect({ leftOut, missing }).toEqual({ leftOut: [], missing: [] });
    const folder = parts.find((part) => part.kind === 'shared-folder');
    expect(folder?.capture).toBe(projects);
    expect(parts.filter(({ kind }) => kind === 'volume').map(({ capture }) => capture)).not.toContain('two-pass');
  });

  it('has a session that holds the shared folder, and is told with what it is', async () => {
    const { layout, context } = await stand(make);
    const [namespace = ''] = layout.userNamespaces;
    const { parts } = await findParts(context);
    const holders = await findHolders(context, parts);
    const session = { namespace, part: 'projects-pvc', readOnly: false };
    expect(holders.filter((holder) => holder.namespace === namespace)).toMatchObject([session]);
    expect(holders.find(({ part }) => part.startsWith('postgres'))).toMatchObject({ pod: 'db-0', service: 'db' });
    expect(await findWorkloads(context)).toMatchObject([{ namespace, kind: 'session' }]);
    await layout.endSessions();
    const left = await findHolders(context, parts);
    expect(left.filter((holder) => holder.namespace !== WORKSPACE)).toEqual([]);
    expect(left.every(({ service }) => service !== undefined)).toBe(true);
  });

  it('is inspected without any pod of ours, and tells what its volumes hold', async () => {
    const { layout, context } = await stand(make);
    const { parts, services } = await inspectWorkspace(context, { count: true });
    expect(services.every(({ running, ready }) => running && ready)).toBe(true);
    for (const { kind, bytes, files } of parts.filter((part) => part.kind === 'volume'))
      expect({ kind, hasBytes: bytes > 0, hasFiles: files > 0 }).toEqual({ kind, hasBytes: true, hasFiles: true });
    expect(parts).toHaveLength(layout.parts.length);
    const written = Object.keys(context.cluster.requests()).filter((one) => /^(patch|delete|update)/.test(one));
    expect(written).toEqual([]);
  });
});
