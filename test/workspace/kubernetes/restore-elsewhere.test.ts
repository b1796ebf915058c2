import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { CLAIM, DEPLOYMENT } from '../../../src/workspace/kubernetes/kinds.ts';
import type { KubeLab } from '../../fakes/kube-api/lab.ts';
import { putNamespace } from '../../fakes/kube-api/layouts/definition.ts';
import { eventually, WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { put, putClaim } from '../../fakes/kube-api/layouts/objects.ts';
import { makeOpenshiftCeph } from '../../fakes/kube-api/layouts/openshift-ceph.ts';
import { compare, type Tree, walk } from '../../walker.ts';
import { alice, createStoryWorld } from './story-world.ts';

const OTHER = 'workspace2';

/** The same claims, and one program that has them all mounted. */
async function putOther(lab: KubeLab): Promise<string> {
  putNamespace(lab, OTHER);
  const claims = lab.store.list(CLAIM, WORKSPACE);
  for (const { metadata, spec } of claims) {
    const { volumeName: _, ...wanted } = spec;
    putClaim(lab, metadata.name, 'holder', wanted, OTHER);
  }
  const volumes = claims.map(({ metadata: { name } }) => ({ name, persistentVolumeClaim: { claimName: name } }));
  const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/data/${name}` }));
  const labels = { app: 'holder' };
  put(lab, DEPLOYMENT, {
    metadata: { name: 'holder', namespace: OTHER, labels },
    spec: {
      ...{ replicas: 1, selector: { matchLabels: labels } },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'holder', image: 'holder:1', volumeMounts }], volumes },
      },
    },
  });
  await eventually(lab, 10_000, () => (isUp(lab) ? undefined : 'the other workspace'));
  return OTHER;
}

function isUp({ store }: KubeLab): boolean {
  return store.get(DEPLOYMENT, 'holder', OTHER)?.status?.readyReplicas === 1;
}

it('a backup is brought into another namespace, whole and in part, and an undo takes it out of it again', {
  timeout: 150_000,
}, async () => {
  const world = await createStoryWorld({ make: makeOpenshiftCeph, also: putOther });
  onTestFinished(() => world.dispose());
  const { lab, layout, orchestrator } = world;
  const parts = layout.parts.map(({ name }) => name);
  const elsewhere = (part: string) =>
    lab.world.directoryOf(lab.store.get(CLAIM, part, OTHER)?.spec.volumeName ?? 'nothing');
  for (const part of parts) await writeFile(join(elsewhere(part), 'theirs'), 'theirs');
  await layout.write(parts[0] ?? '', 'notes.txt', 'as it was');
  const before = await world.trees();
  const made = await world.backUp();
  expect(made.error).toBeUndefined();
  const wish = { backup: made.id.replace('op_', 'bkp_'), to: OTHER, confirm: OTHER };

  const whole = await world.approved(orchestrator.requestRestore(alice, wish));
  expect(whole.error).toBeUndefined();
  const differences = async () =>
    (await Promise.all(parts.map(async (part) => compare(before[part] as Tree, await walk(elsewhere(part)))))).flat();
  expect(await differences()).toEqual([]);
  expect(isUp(lab)).toBe(true);

  const [part = ''] = parts;
  const file = 'notes.txt';
  await writeFile(join(elsewhere(part), file), 'changed there');
  const one = await world.approved(orchestrator.requestRestore(alice, { ...wish, only: [`${part}/${file}`] }));
  expect(one.error).toBeUndefined();
  expect(await readFile(join(elsewhere(part), file), 'utf8')).toBe('as it was');

  const undone = await world.approved(orchestrator.requestUndo(alice, { operation: whole.id, confirm: OTHER }));
  expect(undone.error).toBeUndefined();
  for (const name of parts) expect(existsSync(join(elsewhere(name), 'theirs'))).toBe(true);
  expect(isUp(lab)).toBe(true);
  // Nothing of it touched the workspace that the backup is of.
  await layout.allUp();
  const now = await world.trees();
  expect(parts.flatMap((name) => compare(before[name] as Tree, now[name] as Tree))).toEqual([]);
});
