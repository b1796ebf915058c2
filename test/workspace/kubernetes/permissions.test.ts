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

  it('are told of the guard too, whose account is another one', async () => {
    const { context, access } = await createScene({ movers: { serviceAccount: 'cml-movers' } });
    access.allowOtherOnly('system:serviceaccount:ws1:cml-movers', []);
    const { needed } = await findMissingForBackup(context);
    expect(needed).toEqual([
      expect.stringMatching(/^The guard \(account cml-movers\) may not get, list, watch, patch deployments in ws1; .*/),
      expect.stringMatching(/secrets in ws1; get jobs in ws1: needed to know what ran, and to be told when to act\.$/),
    ]);
    access.deny({ resource: 'subjectaccessreviews' });
    expect(await findMissingForBackup(context)).toEqual({
      needed: [],
      useful: [expect.stringContaining('needed to see before whether the guard could start services')],
    });
  });

  it('are told of kinds that operators added, since the definition lacks what may not be listed', async () => {
    const { context, access } = await createScene();
    const rule = { verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'], apiGroups: ['*'] };
    access.allowOnly([
      { rule: { ...rule, resources: ['deployments', 'routes'] } },
      { namespace: 'ws1', rule: { ...rule, resources: ['*'] } },
    ]);
    const sentences = async () => (await findMissingForBackup(context)).useful.join(' ');
    expect(await sentences()).not.toContain('the definition lacks them');
    access.allowOnly([{ rule: { ...rule, resources: ['deployments', 'routes'] } }]);
    expect(await sentences()).toMatch(
      /We may not list scaledobjects, .*: if any stand there, the definition lacks them/,
    );
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
      'We may not get, list, patch volumesnapshotcontents everywhere: needed to make snapshots and to read from them.',
    ]);
    expect(await neededFor(part('two-pass', { server: 'f', path: '/' }))).toEqual([
      'We may not create persistentvolumes everywhere: needed to read a share through a volume of our own, past what is cached.',
    ]);
    expect((await findMissingForRestore(scene.context)).needed).toEqual([
      'We may not create persistentvolumes everywhere: needed to move a claim to a restored volume.',
    ]);
  });
});
