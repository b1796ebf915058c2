import { expect, it, onTestFinished } from 'vitest';
import { VALIDATING_WEBHOOK } from '../../../src/workspace/kubernetes/kinds.ts';
import { EVALUATOR } from '../../fakes/kube-api/layouts/evaluator.ts';
import { WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { makeOpenshiftCeph } from '../../fakes/kube-api/layouts/openshift-ceph.ts';
import { until } from '../local/bench.ts';
import { alice, createStoryWorld } from './story-world.ts';

it('a workspace whose own webhook is down is not backed up, and is restored all the same, with a warning', {
  timeout: 120_000,
}, async () => {
  const world = await createStoryWorld({
    make: (lab, options) => makeOpenshiftCeph(lab, { ...options, evaluator: true }),
  });
  onTestFinished(() => world.dispose());
  const { layout, lab, orchestrator } = world;
  const services = layout.services.filter((name) => name !== EVALUATOR);
  // Movers are let in; what a webhook keeps out besides is for its owner to say.
  lab.store.edit(VALIDATING_WEBHOOK, EVALUATOR, undefined, ({ webhooks }) => {
    webhooks[0].objectSelector = { matchExpressions: [{ key: 'app', operator: 'In', values: services }] };
  });
  const made = await world.backUp();
  expect(made.error).toBeUndefined();
  const backup = made.id.replace('op_', 'bkp_');
  layout.takeDown(EVALUATOR);
  await until('the webhook is down', () => !layout.isUp(EVALUATOR));

  await expect(world.backUp()).resolves.toMatchObject({
    status: 'failed',
    error: { message: expect.stringContaining('would not be let in again') },
  });
  const { plan } = await orchestrator.planRestore(alice, { backup });
  expect(plan.warnings.filter((warning) => /failed calling webhook.*services stay down/.test(warning))).toHaveLength(
    services.length,
  );
  const restored = await world.approved(orchestrator.requestRestore(alice, { backup, confirm: WORKSPACE }));
  expect(restored.error).toBeUndefined();
  await layout.allUp();
});
