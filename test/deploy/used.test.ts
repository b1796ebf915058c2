import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { makeEcsLonghorn } from '../fakes/kube-api/layouts/ecs-longhorn.ts';
import { makeExternalNfs } from '../fakes/kube-api/layouts/external-nfs.ts';
import { WORKSPACE } from '../fakes/kube-api/layouts/layout.ts';
import { createStoryWorld, type StoryWish } from '../workspace/kubernetes/story-world.ts';
import { deployedFrom, grantedTo } from './deployed.ts';

const SERVER = 'cml-backup/cml-backup';
const GUARD_TOKEN = 'the guard';

it.each<[string, StoryWish, string[]]>([
  ['by snapshots', { make: makeEcsLonghorn }, []],
  ['in two passes', { make: makeExternalNfs }, ['components/shares']],
])(
  'what a backup %s uses is asked for before and granted',
  async (_way, wish, components) => {
    const world = await createStoryWorld(wish);
    onTestFinished(() => world.dispose());
    const { lab } = world;
    // Pods have a token of their own, as they have an account of their own.
    lab.cluster(undefined, GUARD_TOKEN);
    const kubeconfig = join(dirname(lab.kubeconfig), `kubeconfig-${GUARD_TOKEN}`);
    lab.world.podEnvironment.KUBECONFIG = kubeconfig;
    lab.world.imagePaths.push(kubeconfig);
    const asked = new Set<string>();
    const { allows } = lab.access;
    Object.assign(lab.access, {
      allows(wished: Parameters<typeof allows>[0]) {
        // Only a request says a name; a review asks for all of them.
        if (!('name' in wished))
          asked.add(
            `${wished.verb} ${wished.group}/${wished.resource}${wished.subresource ? `/${wished.subresource}` : ''}`,
          );
        return allows(wished);
      },
    });
    const made = await world.backUp();
    expect(made.error).toBeUndefined();
    const used = new Set(
      lab.requests.map(({ right, caller }) => `${caller === GUARD_TOKEN ? 'guard' : 'server'} ${right}`),
    );
    console.log(
      [...used]
        .sort()
        .filter((x) => x.startsWith('guard') || !asked.has(x.slice(7)))
        .join('\n'),
    );
    console.log('ASKED NOT USED', [...asked].filter((x) => !used.has(`server ${x}`)).join('\n'));
  },
  120_000,
);
