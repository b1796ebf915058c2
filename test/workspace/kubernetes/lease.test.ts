import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLog } from '../../../src/log.ts';
import { type HeldLease, LEASE, takeLease } from '../../../src/workspace/kubernetes/lease.ts';
import { createKubeDouble, type KubeDouble } from '../../fakes/kube-api/double.ts';
import { until } from '../local/bench.ts';

const SPACE = 'cml-backup';
// The shortest that a Lease can say is a second.
const timing = { durationMs: 1_000, renewMs: 60, deadlineMs: 500, retryMs: 40 };
const log = createLog({ write: () => undefined }, 'silent');

let double: KubeDouble;
let events: string[];
let taken: HeldLease[];

beforeEach(async () => {
  double = await createKubeDouble({ namespaces: [SPACE] });
  events = [];
  taken = [];
});
afterEach(async () => {
  double.faults.clear();
  await Promise.all(taken.map((lease) => lease.release()));
  await double.dispose();
});

async function take(holder: string): Promise<HeldLease> {
  const lease = await takeLease({
    ...{ cluster: double.cluster(undefined, holder), namespace: SPACE, name: 'cml-backup', holder, log, timing },
    onLost: (why) => events.push(`${holder} lost it: ${why}`),
    onWaiting: (other) => events.push(`${holder} waits for ${other}`),
  });
  events.push(`${holder} has it`);
  taken.push(lease);
  return lease;
}

const spec = () => double.store.get(LEASE, 'cml-backup', SPACE)?.spec;
const renewals = () => double.requests.filter(({ kind, verb }) => kind === 'Lease' && verb === 'update').length;

it('is held by one, renewed, and left to the next at once when it is given back', async () => {
  const first = await take('one');
  expect(spec()).toMatchObject({ holderIdentity: 'one', leaseDurationSeconds: 1, leaseTransitions: 1 });
  expect(spec().renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  const second = take('two');
  await until('it was renewed for longer than it lasts', () => renewals() > 20);
  expect(events).toEqual(['one has it', 'two waits for one']);
  await first.release();
  await second;
  expect(spec()).toMatchObject({ holderIdentity: 'two', leaseTransitions: 2 });
  expect(events).toEqual(['one has it', 'two waits for one', 'two has it']);
});

it('is lost by who cannot renew it before anybody else has it', async () => {
  await take('one');
  double.faults.add({ kind: 'Lease', when: ({ caller }) => caller === 'one' }, { kind: 'silent' }, 1_000);
  await take('two');
  expect(events).toEqual([
    'one has it',
    'two waits for one',
    expect.stringMatching(/^one lost it: it could not be renewed for/),
    'two has it',
  ]);
});

it('is lost as soon as another holder stands in it, and not by a hand that touches something else', async () => {
  await take('one');
  double.store.edit(LEASE, 'cml-backup', SPACE, ({ metadata }) => {
    metadata.annotations = { touched: 'yes' };
  });
  const before = renewals();
  await until('it is renewed again', () => renewals() > before + 3);
  expect(events).toEqual(['one has it']);
  double.store.edit(LEASE, 'cml-backup', SPACE, (lease) => {
    lease.spec.holderIdentity = 'somebody else';
  });
  await until('it is lost', () => events.length > 1);
  expect(events).toEqual(['one has it', 'one lost it: somebody else holds it']);
});

it('is taken at once by who held it in an earlier life, and made again when somebody removes it', async () => {
  double.store.create(LEASE, {
    metadata: { name: 'cml-backup', namespace: SPACE },
    spec: { holderIdentity: 'one', leaseDurationSeconds: 3_600, leaseTransitions: 4 },
  } as never);
  await take('one');
  expect(spec()).toMatchObject({ holderIdentity: 'one', leaseTransitions: 4 });
  double.store.remove(LEASE, 'cml-backup', SPACE, { graceSeconds: 0 });
  await until('it is there again', () => spec()?.holderIdentity === 'one');
  expect(events).toEqual(['one has it']);
});

it('says what it may not do', async () => {
  double.access.deny({ resource: 'leases', verb: 'create' });
  await expect(take('one')).rejects.toMatchObject({
    code: 'platform-unavailable',
    message: expect.stringContaining('leases.coordination.k8s.io is forbidden'),
  });
});
