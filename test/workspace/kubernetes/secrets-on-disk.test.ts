import { readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { SECRET } from '../../../src/workspace/kubernetes/kinds.ts';
import { WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { makeOpenshiftCeph } from '../../fakes/kube-api/layouts/openshift-ceph.ts';
import { alice, createStoryWorld, type StoryWorld } from './story-world.ts';

/** The repository among them, which is encrypted. */
async function filesHolding({ folder }: StoryWorld, words: readonly string[]): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const holding = found
    .filter((entry) => entry.isFile())
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      // The folder of an operation goes a moment after its end.
      const text = await readFile(path, 'latin1').catch(() => words.join());
      return words.some((word) => text.includes(word)) ? [relative(folder, path)] : [];
    });
  return (await Promise.all(holding)).flat();
}

it('what the secrets of a workspace say stands nowhere on our disk once a backup and a restore have ended', {
  timeout: 120_000,
}, async () => {
  const world = await createStoryWorld({ make: makeOpenshiftCeph });
  onTestFinished(() => world.dispose());
  const { lab, orchestrator, chat } = world;
  const secrets = lab.store.list(SECRET, WORKSPACE).flatMap(({ data }) => Object.values<string>(data ?? {}));
  const words = secrets
    .flatMap((coded) => [coded, Buffer.from(coded, 'base64').toString()])
    .filter((one) => one.length > 8);
  expect(words.length).toBeGreaterThan(3);
  const probe = join(world.folder, 'probe');
  await world.platform.captureDefinition(probe);
  expect(await filesHolding(world, words)).toEqual(['probe/definition.json']);
  await rm(probe, { recursive: true });
  const made = await world.backUp();
  const backup = made.id.replace('op_', 'bkp_');
  const restored = await world.approved(orchestrator.requestRestore(alice, { backup, confirm: WORKSPACE }));
  expect([made.error, restored.error]).toEqual([undefined, undefined]);
  let holding: string[] = [''];
  for (let tries = 0; tries < 20 && holding.length > 0; tries += 1) {
    await pause(tries * 50);
    holding = await filesHolding(world, words).catch(() => ['folders that are just being removed']);
  }
  expect(holding).toEqual([]);
  expect(words.filter((word) => JSON.stringify(chat).includes(word))).toEqual([]);
});
