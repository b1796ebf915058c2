import { describe, expect, it, onTestFinished } from 'vitest';
import { DEPLOYMENT, JOB } from '../../../src/workspace/kubernetes/kinds.ts';
import { LABELS } from '../../../src/workspace/kubernetes/names.ts';
import { NETWORK_POLICY } from '../../fakes/kube-api/layouts/definition.ts';
import { makeEcsLonghorn } from '../../fakes/kube-api/layouts/ecs-longhorn.ts';
import { WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { put } from '../../fakes/kube-api/layouts/objects.ts';
import type { Stored } from '../../fakes/kube-api/store.ts';
import { createStoryWorld, type StoryWish, type StoryWorld } from './story-world.ts';

async function createWorld(wish: Partial<StoryWish> = {}): Promise<StoryWorld> {
  const world = await createStoryWorld({ make: makeEcsLonghorn, ...wish });
  onTestFinished(() => world.dispose());
  return world;
}

/** The API of the cluster, this server and everybody else go on to reach the repository. */
function cutMoversOff({ lab }: StoryWorld): void {
  put(lab, NETWORK_POLICY, {
    metadata: { name: 'nothing-out', namespace: WORKSPACE },
    spec: { podSelector: { matchLabels: { [LABELS.role]: 'mover' } }, policyTypes: ['Egress'] },
  });
}

/** Jobs of movers as they were made, and whether a service was ever scaled to none. */
function watch({ lab: { store } }: StoryWorld) {
  const jobs: Stored[] = [];
  let wasDown = false;
  store.listen(({ type, kind, object }) => {
    if (kind.kind === JOB.kind && type === 'ADDED' && object.metadata.labels?.[LABELS.role] === 'mover')
      jobs.push(object);
    if (kind.kind === DEPLOYMENT.kind && object.spec.replicas === 0) wasDown = true;
  });
  return { jobs, wasDown: () => wasDown };
}

const preflightOf = async ({ orchestrator }: StoryWorld) =>
  (await orchestrator.checkWorkspace(WORKSPACE)).find(({ about }) => about === 'preflight');

describe('before anyone is disturbed, the repository', { timeout: 60_000 }, () => {
  it('is opened by a Job like those of movers, which has none of the data and leaves nothing', async () => {
    const platform = { movers: { serviceAccount: 'cml-movers', nodeSelector: { 'kubernetes.io/os': 'linux' } } };
    const world = await createWorld({ platform });
    const { jobs } = watch(world);
    expect(await preflightOf(world)).toMatchObject({ state: 'good' });
    const [job, ...others] = jobs.filter(({ metadata }) => metadata.name.endsWith('-reach'));
    expect(others).toEqual([]);
    const { spec } = job?.spec.template ?? {};
    expect(spec).toMatchObject({
      ...{ serviceAccountName: 'cml-movers', nodeSelector: { 'kubernetes.io/os': 'linux' } },
      containers: [{ image: 'cml-backup:1', volumeMounts: expect.arrayContaining([expect.objectContaining({})]) }],
    });
    expect(spec.volumes.filter((one: Stored) => one.persistentVolumeClaim)).toEqual([]);
    expect(world.ours()).toEqual([]);
  });

  it('is told to be out of reach from there, with what restic said', async () => {
    const world = await createWorld({ reachesWithinMs: 3_000 });
    cutMoversOff(world);
    const seen = watch(world);
    expect(await preflightOf(world)).toEqual({
      ...{ about: 'preflight', state: 'bad' },
      says: expect.stringMatching(
        /^Where movers run, the repository did not answer within 3 s \(rest:\S+\): .*unreachable\. From this server it opens\./,
      ),
    });
    expect(seen.wasDown()).toBe(false);
    expect(seen.jobs.every(({ metadata }) => metadata.name.endsWith('-reach'))).toBe(true);
    expect(world.ours()).toEqual([]);
  });
});
