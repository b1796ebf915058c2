import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { guardPurposes } from '../../src/workspace/kubernetes/backup-purposes.ts';
import { DEPLOYMENT, type Kind } from '../../src/workspace/kubernetes/kinds.ts';
import type { Purpose } from '../../src/workspace/kubernetes/purpose.ts';
import { rightOf } from '../fakes/kube-api/access.ts';
import type { KubeLab } from '../fakes/kube-api/lab.ts';
import { makeEcsLonghorn } from '../fakes/kube-api/layouts/ecs-longhorn.ts';
import { makeExternalNfs } from '../fakes/kube-api/layouts/external-nfs.ts';
import { WORKSPACE } from '../fakes/kube-api/layouts/layout.ts';
import { alice, createStoryWorld, type StoryWish } from '../workspace/kubernetes/story-world.ts';
import { until } from '../workspace/local/bench.ts';
import { deployedFrom, grantedTo } from './deployed.ts';

const SERVER = 'cml-backup/cml-backup';
const GUARD = `${WORKSPACE}/cml-movers`;
const SERVICE_ACCOUNT: Kind = {
  ...{ apiVersion: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true },
};
const GUARD_TOKEN = 'the-guard';
/** Kinds that operators add are asked about by one request for all of them. */
const ADDED = /^list ((?!.*\.k8s\.io\/)\S+\.\S+)\//;

/** What preflight asks of the server about us from now on. */
function listen({ access }: KubeLab): Set<string> {
  const asked = new Set<string>();
  const { allows, check } = access;
  let isRequest = false;
  Object.assign(access, {
    check(request: Parameters<typeof check>[0]) {
      isRequest = true;
      try {
        check(request);
      } finally {
        isRequest = false;
      }
    },
    allows(wished: Parameters<typeof allows>[0]) {
      if (!isRequest) asked.add(rightOf(wished));
      return allows(wished);
    },
  });
  return asked;
}

/** Pods have a token of their own, as they have an account of their own. */
function tellPodsApart(lab: KubeLab): void {
  lab.cluster(undefined, GUARD_TOKEN);
  const kubeconfig = join(dirname(lab.kubeconfig), `kubeconfig-${GUARD_TOKEN}`);
  lab.world.podEnvironment.KUBECONFIG = kubeconfig;
  lab.world.imagePaths.push(kubeconfig);
}

const wished = (purposes: readonly Purpose[]) => purposes.flatMap(({ wishes }) => wishes.map(rightOf));

it.each<[string, StoryWish, string[]]>([
  ['by snapshots', { make: makeEcsLonghorn }, []],
  ['in two passes', { make: makeExternalNfs }, ['components/shares']],
])(
  'what a backup %s uses is asked for before, and the deployed roles suffice',
  async (_way, wish, components) => {
    const world = await createStoryWorld({ ...wish, platform: { movers: { serviceAccount: 'cml-movers' } } });
    onTestFinished(() => world.dispose());
    const { lab } = world;
    const deployed = deployedFrom(['base', 'workspace', ...components], WORKSPACE);
    const rules = grantedTo(SERVER, deployed);
    tellPodsApart(lab);
    const asked = listen(lab);
    lab.access.allowOnly(rules);
    lab.access.allowOtherOnly(`system:serviceaccount:${GUARD.replace('/', ':')}`, grantedTo(GUARD, deployed));
    const made = await world.backUp();
    expect({ status: made.status, error: made.error }).toEqual({ status: 'succeeded', error: undefined });

    const used = (isGuard: boolean) => [
      ...new Set(lab.requests.filter(({ caller }) => (caller === GUARD_TOKEN) === isGuard).map(({ right }) => right)),
    ];
    expect(used(false).filter((right) => !asked.has(right) && !ADDED.test(right))).toEqual([]);
    expect(used(true).length).toBeGreaterThan(1);
    expect(used(true).filter((right) => !wished(guardPurposes(WORKSPACE)).includes(right))).toEqual([]);
  },
  120_000,
);

it('a restore, its undo and the end of what it displaced need no more than the deployed roles, each of its account', {
  timeout: 150_000,
}, async () => {
  const restorer = 'cml-backup/cml-restore';
  const platform = { movers: { serviceAccount: 'cml-movers' }, restoreAccount: restorer };
  const world = await createStoryWorld({ make: makeEcsLonghorn, platform });
  onTestFinished(() => world.dispose());
  const { lab, orchestrator } = world;
  const deployed = deployedFrom(['base', 'workspace', 'restore'], WORKSPACE);
  tellPodsApart(lab);
  lab.store.create(SERVICE_ACCOUNT, { metadata: { namespace: 'cml-backup', name: 'cml-restore' } } as never);
  lab.access.allowOnly(grantedTo(SERVER, deployed));
  for (const account of [GUARD, restorer])
    lab.access.allowOtherOnly(`system:serviceaccount:${account.replace('/', ':')}`, grantedTo(account, deployed));
  const made = await world.backUp();
  expect(made.error).toBeUndefined();
  expect(lab.access.issued(restorer)).toBe(0);
  lab.store.edit(DEPLOYMENT, 'web', WORKSPACE, ({ metadata }) =>
    Object.assign(metadata.labels ?? {}, { made: 'since' }),
  );
  const backup = made.id.replace('op_', 'bkp_');
  const restored = await world.approved(orchestrator.requestRestore(alice, { backup, confirm: WORKSPACE }));
  expect(restored.error).toBeUndefined();
  const undone = await world.approved(orchestrator.requestUndo(alice, { operation: restored.id, confirm: WORKSPACE }));
  expect(undone.error).toBeUndefined();
  await world.sweepAfterDays(30);
  await until('nothing is left', () => world.ours().length === 0, 10_000);
  expect(lab.access.issued(restorer)).toBe(1);
});
