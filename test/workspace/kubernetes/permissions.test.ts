import { describe, expect, it } from 'vitest';
import type { FoundPart } from '../../../src/workspace/kubernetes/found.ts';
import {
  findMissingForBackup,
  findMissingForParts,
  findMissingForRestore,
} from '../../../src/workspace/kubernetes/permissions.ts';
import { createScene } from './scene.ts';

describe('missing permissions', () => {
  it('are none when everything may be done', async () => {
    expect(await findMissingForBackup((await createScene()).context)).toEqual({ needed: [], useful: [] });
  });

  it('are named with what they are for, together where they are for one thing', async () => {
    const scene = await createScene();
    for (const resource of ['deployments', 'persistentvolumes']) scene.forbid({ verb: 'patch', resource });
    expect((await findMissingForBackup(scene.context)).needed).toEqual([
      'We may not patch deployments in ws1: needed to stop and start services.',
      'We may not patch persistentvolumes everywhere: needed to find volumes and to keep them.',
    ]);
  });

  it('are told apart: some only make us see less', async () => {
    const scene = await createScene();
    scene.forbid({ resource: 'nodes/proxy' });
    expect(await findMissingForBackup(scene.context)).toEqual({
      needed: [],
      useful: ['We may not get nodes/proxy everywhere: needed to know volumes without starting anything.'],
    });
  });

  it("count the removal of people's workloads only where that is configured", async () => {
    const denial = { verb: 'delete', resource: 'pods' };
    const [refuses, stops] = [await createScene(), await createScene({ workloads: 'stop' })];
    refuses.forbid(denial);
    stops.forbid(denial);
    expect((await findMissingForBackup(refuses.context)).needed).toEqual([]);
    expect((await findMissingForBackup(stops.context)).needed).toHaveLength(1);
  });

  it('are asked for apart for what parts take, and for a restore, which another account does', async () => {
    const scene = await createScene();
    scene.forbid({ resource: 'volumesnapshotcontents' });
    scene.forbid({ verb: 'create', resource: 'persistentvolumes' });
    const part = (capture: string, nfs?: object) => ({ capture, nfs }) as unknown as FoundPart;
    const neededFor = async (...parts: FoundPart[]) => (await findMissingForParts(scene.context, parts)).needed;
    expect((await findMissingForBackup(scene.context)).needed).toEqual([]);
    expect(await neededFor(part('two-pass'))).toEqual([]);
    expect(await neededFor(part('snapshot'))).toEqual([
      'We may not get, patch volumesnapshotcontents everywhere: needed to make snapshots and to read from them.',
    ]);
    expect(await neededFor(part('two-pass', { server: 'f', path: '/' }))).toEqual([
      'We may not create persistentvolumes everywhere: needed to read a share through a volume of our own, past what is cached.',
    ]);
    expect((await findMissingForRestore(scene.context)).needed).toEqual([
      'We may not create persistentvolumes everywhere: needed to move a claim to a restored volume.',
      'We may not create, delete volumesnapshotcontents everywhere: needed to restore from snapshots.',
    ]);
  });
});
