import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { makeEcsLonghorn } from '../../fakes/kube-api/layouts/ecs-longhorn.ts';
import { assertGuardIsBuilt, createContractWorld } from './contract-world.ts';

beforeAll(assertGuardIsBuilt);

it('what an operation left is listed and removed, and its guard never while services are down', async () => {
  const world = await createContractWorld(makeEcsLonghorn);
  onTestFinished(() => world.dispose());
  const { platform, operationId } = world;
  const strays = async () => (await platform.strays?.())?.map(({ what }) => what.split(' ')[0]).sort();
  const note = await platform.noteRunning(operationId);
  await platform.armGuard(note, new Date(Date.now() + 3_600_000).toISOString());
  const quiet = await platform.stop(note);
  const parts = world.parts.map((name) => ({ name, capture: 'snapshot' }) as never);
  await platform.snapshot(operationId, { parts } as never, quiet);
  expect(await strays()).toEqual([]);
  const before = world.ours();
  await platform.removeStrays?.([operationId]);
  expect(world.ours()).toEqual(before);

  await platform.start(note);
  expect(await strays()).toEqual(expect.arrayContaining(['Job', 'Secret', 'VolumeSnapshot']));
  await platform.removeStrays?.(['op_0000000099']);
  expect(world.ours()).toEqual(before);
  await platform.removeStrays?.([operationId]);
  await expect.poll(() => world.ours(), { timeout: 10_000 }).toEqual([]);
  expect(await strays()).toEqual([]);
}, 60_000);
