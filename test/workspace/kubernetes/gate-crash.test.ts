import { expect, onTestFinished, test } from 'vitest';
import { JOB, POD } from '../../../src/workspace/kubernetes/kinds.ts';
import { makeExternalNfs } from '../../fakes/kube-api/layouts/external-nfs.ts';
import { WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { tellBackup } from './matrix-scenes.ts';
import { createMatrixWorld, type Death } from './matrix-world.ts';

/** Makes the Job that waits, opens its gate, and removes it when its end was received. */
const MOMENTS: readonly (readonly [RegExp, Death['when']])[] = [
  [/^create Job cml-run-.*delta/, 'after'],
  [/^patch Pod cml-run-.*delta/, 'before'],
  [/^patch Pod cml-run-.*delta/, 'after'],
  [/^delete Job cml-run-.*delta/, 'before'],
];

test('whenever its process dies with a copy at its gate, services come back and nothing waits any more', async () => {
  const story = await tellBackup(makeExternalNfs);
  const world = await createMatrixWorld(makeExternalNfs);
  onTestFinished(() => world.dispose());
  const ends: string[] = [];
  for (const [write, when] of MOMENTS) {
    const at = story.writes.findIndex((one) => write.test(one)) + 1;
    expect(at, `${write} is not in ${story.writes.join(', ')}`).toBeGreaterThan(0);
    const scene = await story.die(world, { at, when });
    ends.push(await story.judge(world, scene, await world.live(scene.scenario)));
    const { store } = world.lab;
    expect([...store.list(JOB, WORKSPACE), ...store.list(POD, WORKSPACE)].map(({ metadata }) => metadata.name)).toEqual(
      expect.not.arrayContaining([expect.stringContaining('delta')]),
    );
  }
  // Before services were told to stop it goes on; after that it only brings them back.
  expect(ends).toEqual(['succeeded', 'failed', 'failed', 'failed']);
}, 240_000);
