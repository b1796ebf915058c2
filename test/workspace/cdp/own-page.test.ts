import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answerBackups } from '../../../commands/answers.ts';
import { PortError } from '../../../src/errors.ts';
import type { Operation } from '../../../src/records/operation.ts';
import type { Person } from '../../../src/records/person.ts';
import type { Request } from '../../../src/records/request.ts';
import type { RetentionRules } from '../../../src/records/retention.ts';
import { createFakeChatStore } from '../../fakes/chat.ts';
import { FOLDERS, makeCdpBench, WORKSPACE } from './bench.ts';
import { alice, createCdpLife, type Life, type LifeWish } from './life.ts';
import { makeTrees } from './trees.ts';

const bob: Person = { name: 'bob', proof: 'uid', uid: 1001 };

async function makeWorld() {
  const content = { users: '12 users' };
  const bench = await makeCdpBench({
    double: { minuteMs: 60, workspaces: [{ name: WORKSPACE, staticSubdomain: 'prod', content }] },
    platform: { poll: '5ms', listedWithin: '150ms' },
  });
  onTestFinished(() => bench.dispose());
  for (const folder of FOLDERS) await writeFile(join(bench.pathOf(folder), 'file'), `in ${folder}`);
  const chat = createFakeChatStore();
  const trees = makeTrees(bench.root);
  /** A server that has looked around once: what is seldom looked at is looked at when it starts. */
  async function live(policy: object = {}, more: LifeWish = {}, moverOf = trees.moverOf): Promise<Life> {
    const life = await createCdpLife(bench, chat, moverOf, { policy, ...more });
    await life.recover();
    await life.orchestrator.sweep();
    return life;
  }
  return { ...bench, chat, trees, live };
}

const list = (life: Life) => life.orchestrator.listBackups({});

async function approve({ orchestrator }: Life, { id }: Request): Promise<Operation> {
  const { running } = await orchestrator.decide(bob, { request: id, approves: true });
  const operation = await running?.ended;
  while (!orchestrator.isIdle()) await pause(2);
  if (!operation) throw new Error('it did not start');
  return operation;
}

const askToDelete = (life: Life, backup: string) =>
  life.orchestrator.requestDelete(alice, { backup, confirm: WORKSPACE });

describe('a backup that was made in the control plane’s own page', { timeout: 60_000 }, () => {
  it('is added once, with who made it, and says that nobody of us read it', async () => {
    const { double, live } = await makeWorld();
    const { crn } = await double.backUpByHand('before the upgrade');
    const life = await live();
    const [backup] = await list(life);
    expect(backup).toMatchObject({ trigger: 'vendor', name: 'before the upgrade', status: 'completed' });
    expect(backup?.by).toEqual({ name: 'admin@example.com', proof: 'vendor' });
    expect(backup?.parts).toMatchObject([{ name: 'workspace', proof: 'vendor-reported', kept: { crn } }]);
    expect(backup?.leftOut.map(({ name }) => name)).toEqual([...FOLDERS]);
    expect(JSON.stringify(answerBackups(await list(life)).table)).toContain('vendor-reported');
    expect(await list(await live())).toHaveLength(1);
  });

  it('is not taken for one of ours, nor one of ours for it', async () => {
    const { double, live } = await makeWorld();
    const life = await live();
    const { id, status } = await life.backUp();
    expect(status).toBe('succeeded');
    await double.backUpByHand('by hand');
    const later = await live();
    expect((await list(later)).map(({ trigger }) => trigger).sort()).toEqual(['person', 'vendor']);
    const { freshness } = (await later.orchestrator.freshness(WORKSPACE))[0] ?? {};
    expect(freshness).toBeDefined();
    // Who says only the workspace's name means one that has the external folders.
    const { plan } = await later.orchestrator.planRestore(alice, { backup: WORKSPACE });
    expect(plan.backupId).toBe(id.replace('op_', 'bkp_'));
  });

  it('can be restored: the plan says what becomes of release, host name and folders', async () => {
    const { double, live } = await makeWorld();
    await double.backUpByHand('before the upgrade');
    const then = double.state().checksum;
    const life = await live();
    double.workspace().content.set('users', 'nobody');
    const [backup] = await list(life);
    const wish = { backup: backup?.id ?? '', confirm: WORKSPACE, noticeMs: 0 };
    const request = await life.orchestrator.requestRestore(alice, wish);
    const { plan } = request as { plan: { warnings: string[]; undoable: boolean; way: string } };
    expect(plan).toMatchObject({ way: 'vendor', undoable: false, parts: [] });
    const text = plan.warnings.join('\n');
    expect(text).toMatch(
      /Release at the backup: 2\.0\.50-b52; it comes back as release 2\.0\.53-b12: THIS IS AN UPGRADE/,
    );
    expect(text).toMatch(/static subdomain/);
    expect(text).toMatch(/Nobody wrote down what becomes of its TLS certificate/);
    expect(text).toMatch(/"datasets" is not in the backup and stays as it is/);
    const done = await approve(life, request);
    expect(done).toMatchObject({ status: 'succeeded', kind: 'restore-by-vendor' });
    expect(double.state()).toMatchObject({ checksum: then, version: '2.0.53-b12', subdomain: 'prod' });
  });

  it('is deleted by policy only, followed until the control plane lists it no more', async () => {
    const { double, live } = await makeWorld();
    await double.backUpByHand('before the upgrade');
    const life = await live();
    const [backup] = await list(life);
    const id = backup?.id ?? '';
    const refused = { code: 'not-allowed', message: expect.stringContaining("control plane's own page") };
    await expect(askToDelete(life, id)).rejects.toMatchObject(refused);
    const allowed = await live({ deleteVendorBackups: true });
    const operation = await approve(allowed, await askToDelete(allowed, id));
    expect(operation).toMatchObject({ status: 'succeeded' });
    expect(double.state().backups).toEqual([]);
    expect(double.calls.accepted('deleteBackup')).toHaveLength(1);
    expect(await list(await live())).toEqual([]);
  });

  it('that is deleted there is called deleted here', async () => {
    const { double, live, bench } = await makeWorld().then((world) => ({ ...world, bench: world }));
    const { crn } = await double.backUpByHand('before the upgrade');
    expect(await list(await live())).toHaveLength(1);
    await bench.again().vendor?.delete(crn);
    expect(await list(await live())).toEqual([]);
  });
});

describe('a backup of ours', { timeout: 60_000 }, () => {
  it('is deleted with what the control plane keeps of it', async () => {
    const { double, live, trees } = await makeWorld();
    const life = await live();
    const { id } = await life.backUp();
    const operation = await approve(life, await askToDelete(life, id.replace('op_', 'bkp_')));
    expect(operation).toMatchObject({ status: 'succeeded', outcome: { vendor: expect.stringContaining('cml-op-') } });
    expect(double.state().backups).toEqual([]);
    expect(trees.repository.copies).toEqual([]);
  });

  it('is not deleted by halves where the control plane cannot delete, in one sentence', async () => {
    const { double, live } = await makeWorld();
    const life = await live();
    const backup = (await life.backUp()).id.replace('op_', 'bkp_');
    double.withdraw('deleteBackup');
    const refused = {
      code: 'bad-input',
      message: `${backup} cannot be deleted: this control plane has no deleteBackup.`,
    };
    await expect(askToDelete(life, backup)).rejects.toMatchObject(refused);
    expect((await list(life))[0]).toMatchObject({ status: 'completed' });
  });

  it('that no rule keeps goes with what the control plane keeps of it; what was made in its page stays', async () => {
    const { double, live } = await makeWorld();
    await double.backUpByHand('by hand');
    const life = await live({}, { retention: { last: 1, zone: 'UTC' } as RetentionRules });
    await life.backUp();
    const { id } = await life.backUp();
    const running = await life.orchestrator.applyRetention(alice, WORKSPACE);
    expect(await running.ended).toMatchObject({
      status: 'succeeded',
      outcome: { removed: [expect.any(String)], kept: 2 },
    });
    const left = double.state().backups.map(({ name }) => name);
    expect(left).toEqual(['by hand', `cml-${id.replace('_', '-')}`]);
    while (!life.orchestrator.isIdle()) await pause(2);
  });

  it('that failed after the control plane was done leaves nothing there', async () => {
    const { double, live, trees } = await makeWorld();
    const damaged = () => Promise.reject(new PortError('repository-damaged', 'The repository is damaged.'));
    const life = await live({}, {}, (platform) => ({ ...trees.moverOf(platform), check: damaged }));
    expect(await life.backUp()).toMatchObject({ status: 'failed' });
    expect(double.calls.accepted('backupWorkspace')).toHaveLength(1);
    expect(double.state()).toMatchObject({ backups: [], areServicesUp: true });
  });

  it('is verified by what can be read; what cannot is asked for, and told as what it is', async () => {
    const { double, live, chat, ...bench } = await makeWorld();
    await double.backUpByHand('by hand');
    const life = await live();
    const [{ id = '' } = {}] = await list(life);
    const verify = async () => (await life.orchestrator.requestVerify(alice, id)).ended;
    expect(await verify()).toMatchObject({ status: 'succeeded', outcome: { vendorReported: ['workspace'] } });
    while (!life.orchestrator.isIdle()) await pause(2);
    const said = chat.said.map(({ message }) => message?.text ?? '').join('\n');
    expect(said).toContain('nothing was brought back. VENDOR-REPORTED only, nobody could look into it: workspace.');
    expect((await list(life))[0]).not.toHaveProperty('verified');
    await bench.again().vendor?.delete(double.state().backups[0]?.crn ?? '');
    expect(await verify()).toMatchObject({ status: 'failed', error: { code: 'copy-not-proven' } });
  });

  it('whose part is gone there cannot be restored, and a check of the catalog says so', async () => {
    const { double, live, ...bench } = await makeWorld();
    const life = await live();
    const backup = (await life.backUp()).id.replace('op_', 'bkp_');
    await bench.again().vendor?.delete(double.state().backups[0]?.crn ?? '');
    const wish = { backup, confirm: WORKSPACE };
    const refused = { code: 'backup-incomplete', message: expect.stringContaining('does not know it any more') };
    await expect(life.orchestrator.requestRestore(alice, wish)).rejects.toMatchObject(refused);
    const { findings } = await life.orchestrator.checkCatalog(WORKSPACE);
    const says = expect.stringContaining('does not know it any more');
    expect(findings).toContainEqual({ about: backup, state: 'bad', says });
  });
});

it('people are told once when the workspace is removed with which its backups go, and in its status', async () => {
  const { double, live, chat } = await makeWorld();
  await double.backUpByHand('the only one');
  await live();
  const removal = double.workflows.hold('deprovision', 'storage');
  double.deleteByHand();
  await removal.reached;
  await (await live()).orchestrator.sweep();
  const told = () => chat.said.filter(({ message }) => message?.key.startsWith('leaves:'));
  expect(told()).toMatchObject([{ message: { tone: 'bad', text: expect.stringContaining('IS BEING REMOVED') } }]);
  const again = await live();
  expect(told()).toHaveLength(1);
  const { states } = (await again.orchestrator.lookAt(WORKSPACE)) as { states: readonly object[] };
  expect(states).toMatchObject([{ leaving: { standing: 'is being removed' } }]);
  removal.release();
}, 60_000);
