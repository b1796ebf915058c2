import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { describePlatform } from '../../contracts/platform.ts';
import { describePlatformSwaps } from '../../contracts/platform-swaps.ts';
import { makeEcsLonghorn } from '../../fakes/kube-api/layouts/ecs-longhorn.ts';
import { makeExternalNfs } from '../../fakes/kube-api/layouts/external-nfs.ts';
import { makeOpenshiftCeph } from '../../fakes/kube-api/layouts/openshift-ceph.ts';
import { until } from '../local/bench.ts';
import { assertGuardIsBuilt, type ContractWorld, createContractWorld } from './contract-world.ts';

beforeAll(assertGuardIsBuilt);

const LAYOUTS = [
  ['ECS with Longhorn', makeEcsLonghorn],
  ['OpenShift with Ceph', makeOpenshiftCeph],
  ['external NFS', makeExternalNfs],
] as const;

for (const [name, make] of LAYOUTS)
  describePlatform(`the Kubernetes platform on ${name}`, () => createContractWorld(make));

describePlatformSwaps('the Kubernetes platform', () => createContractWorld(makeEcsLonghorn));

describe.each(LAYOUTS)('what is left in the cluster on %s', (_name, make) => {
  const stand = async () => {
    const world = await createContractWorld(make);
    onTestFinished(() => world.dispose());
    return world;
  };
  // Pods of Jobs that were removed go a little later.
  const nothingIsLeft = ({ ours }: ContractWorld) =>
    until('nothing is left', () => ours().length === 0, 5_000).catch(() => expect(ours()).toEqual([]));

  it('is nothing of a look that counted', async () => {
    const world = await stand();
    await world.platform.inspect({ count: true, since: '2001-01-01T00:00:00.000Z' });
    await nothingIsLeft(world);
  });

  it('is nothing of an operation that was released and whose displaced data was dropped', async () => {
    const world = await stand();
    const { platform, operationId: id, parts } = world;
    const staged = await platform.stage(
      id,
      parts.map((part) => ({ part })),
    );
    for (const { path } of staged) await world.writeStaged(path, 'file', 'new');
    await platform.makeScratch(
      id,
      parts.map((name) => ({ name, bytes: 10 })),
    );
    const captured = await platform.captureDefinition(world.folder);
    const note = await platform.noteRunning(id);
    await platform.armGuard(note, '2999-01-01T00:00:00.000Z', captured);
    await platform.commit(id, staged, await platform.stop(note));
    await platform.start(note);
    await platform.disarmGuard(id);
    await platform.keepDisplaced(id, '2026-01-01T00:00:00.000Z', captured);
    await platform.release(id);
    await platform.dropDisplaced('2026-02-01T00:00:00.000Z');
    await nothingIsLeft(world);
  });
});
