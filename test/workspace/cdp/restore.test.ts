import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLowdbCatalog } from '../../../src/catalog/lowdb/lowdb-catalog.ts';
import { idsFor, recordOfVendor } from '../../../src/orchestrator/vendor-record.ts';
import type { Operation } from '../../../src/records/operation.ts';
import type { Person } from '../../../src/records/person.ts';
import { createFakeChatStore } from '../../fakes/chat.ts';
import { FOLDERS, makeCdpBench, WORKSPACE } from './bench.ts';
import { alice, createCdpLife, type Life } from './life.ts';
import { makeTrees } from './trees.ts';

const bob: Person = { name: 'bob', proof: 'uid', uid: 1001 };

/** A workspace with a backup of ours, and other data since. */
async function makeWorld() {
  const double = {
    minuteMs: 100,
    workspaces: [{ name: WORKSPACE, staticSubdomain: 'prod', content: { users: 'then' } }],
  };
  const bench = await makeCdpBench({ double, platform: { poll: '10ms', listedWithin: '300ms' } });
  onTestFinished(() => bench.dispose());
  const place = (folder: string) => join(bench.pathOf(folder), 'file');
  const write = (text: string) => Promise.all(FOLDERS.map((folder) => writeFile(place(folder), text)));
  const files = () => Promise.all(FOLDERS.map((folder) => readFile(place(folder), 'utf8').catch(() => 'none')));
  await write('then');
  const chat = createFakeChatStore();
  const trees = makeTrees(bench.root);
  const life = await createCdpLife(bench, chat, trees.moverOf);
  const backup = (await life.backUp()).id.replace('op_', 'bkp_');
  const then = bench.double.state().checksum;
  bench.double.workspace().content.set('users', 'now');
  await write('now');
  return { ...bench, chat, trees, life, backup, then, now: bench.double.state().checksum, files };
}

const ask = ({ orchestrator }: Life, backup: string) =>
  orchestrator.requestRestore(alice, { backup, confirm: WORKSPACE, noticeMs: 0 });

async function restore(life: Life, backup: string): Promise<Operation> {
  const { id } = await ask(life, backup);
  const { running, request } = await life.orchestrator.decide(bob, { request: id, approves: true });
  const operation = await running?.ended;
  while (!life.orchestrator.isIdle()) await pause(2);
  if (!operation) throw new Error(`it did not start: the request is ${request.status}`);
  return operation;
}

describe('a restore by the control plane', { timeout: 60_000 }, () => {
  it('brings back the workspace and the external files, and its safety backup what stood there before', async () => {
    const { double, life, backup, then, now, files } = await makeWorld();
    const operation = await restore(life, backup);
    expect(operation).toMatchObject({ status: 'succeeded', kind: 'restore-by-vendor' });
    expect(double.calls.of('restoreWorkspace')[0]?.request).toMatchObject({
      useStaticSubdomain: true,
      restoreJobTimeoutMinutes: 1440,
    });
    expect(double.state()).toMatchObject({ checksum: then, areServicesUp: true, subdomain: 'prod' });
    expect(await files()).toEqual(['then', 'then']);
    const [safety] = await life.orchestrator.listBackups({});
    expect(safety).toMatchObject({ safetyFor: operation.id, status: 'completed' });
    expect(operation.outcome).toMatchObject({ safetyBackupId: safety?.id, backupId: backup, files: 2 });
    expect(await restore(life, safety?.id ?? '')).toMatchObject({ status: 'succeeded' });
    expect(double.state()).toMatchObject({ checksum: now });
    expect(await files()).toEqual(['now', 'now']);
  });

  it('writes external files while services are down', async () => {
    const { double, life, backup, files } = await makeWorld();
    const held = double.workflows.hold('restore', 'installing');
    const restored = restore(life, backup);
    await held.reached;
    while ((await files()).some((text) => text !== 'then')) await pause(5);
    expect(double.state()).toMatchObject({ areServicesUp: false });
    held.release();
    expect(await restored).toMatchObject({ status: 'succeeded' });
  });

  it('that fails puts the external files back, pages people, and names the way back', async () => {
    const { double, life, backup, chat, files } = await makeWorld();
    double.workflows.next('restore', { kind: 'fail', at: 'installing', leaves: 'down', why: 'no room for volumes' });
    const restored = restore(life, backup);
    while (!chat.said.some(({ how }) => how === 'paged')) await pause(20);
    await double.repairByHand();
    expect(await restored).toMatchObject({ status: 'failed' });
    expect(await files()).toEqual(['now', 'now']);
    expect(double.state()).toMatchObject({ areServicesUp: true });
  });

  it('of a workspace that is broken goes without a safety backup, as its plan says', async () => {
    const { double, life, backup, then, files } = await makeWorld();
    double.workflows.next('backup', { kind: 'fail', at: 'files', leaves: 'down' });
    await double.backUpByHand('the one that fails').catch(() => undefined);
    const { plan } = await life.orchestrator.planRestore(alice, { backup });
    expect(plan.warnings.join('\n')).toMatch(/NO SAFETY BACKUP CAN BE MADE of what stands there now: .*backup:failed/);
    expect(await restore(life, backup)).toMatchObject({ status: 'succeeded' });
    expect(double.state()).toMatchObject({ checksum: then, areServicesUp: true });
    expect(await files()).toEqual(['then', 'then']);
    expect((await life.orchestrator.listBackups({})).map(({ id }) => id)).toEqual([backup]);
  });

  it('is asked for again when the release that it would get changes before it is approved', async () => {
    const { double, life, backup } = await makeWorld();
    const { id } = await ask(life, backup);
    double.faults.whenever(({ operation }) => operation === 'getLatestWorkspaceVersion', {
      kind: 'rewrite',
      rewrite: () => ({ version: '2.0.99-b1' }),
    });
    const decided = life.orchestrator.decide(bob, { request: id, approves: true });
    await expect(decided).rejects.toMatchObject({ name: 'UserError' });
    expect(double.calls.of('restoreWorkspace')).toHaveLength(0);
  });

  it('makes a workspace that the control plane does not have', async () => {
    const content = { users: 'then' };
    const bench = await makeCdpBench({
      double: { minuteMs: 100, workspaces: [{ name: 'ml-old', content }] },
      platform: {
        ...{ poll: '10ms', listedWithin: '300ms', workspace: { environment: 'env-1', name: 'ml-new' } },
        restore: { newWorkspace: { staticSubdomain: 'new' } },
      },
      hasProbe: false,
    });
    onTestFinished(() => bench.dispose());
    const { double, root } = bench;
    const { crn, name } = await double.backUpByHand('before it was lost');
    const listed = {
      crn,
      name,
      status: 'backup:finished',
      createdAt: '2026-03-01T12:00:00Z',
      state: 'finished' as const,
    };
    const id = idsFor(crn, listed.createdAt)[0] ?? '';
    const facts = { id, workspace: WORKSPACE, part: 'workspace', external: [...FOLDERS], now: new Date() };
    await mkdir(join(root, 'catalog'));
    const catalog = createLowdbCatalog({ folder: join(root, 'catalog') });
    await catalog.open();
    await catalog.backups.save(recordOfVendor(listed, facts));
    const life = await createCdpLife(bench, createFakeChatStore(), makeTrees(root).moverOf);
    await life.recover();
    const { plan } = await life.orchestrator.planRestore(alice, { backup: id });
    expect(plan.warnings.join('\n')).toMatch(/makes a new workspace ml-new in env-1/);
    expect(await restore(life, id)).toMatchObject({ status: 'succeeded' });
    expect(double.calls.accepted('restoreWorkspace')).toHaveLength(1);
    expect(double.state('ml-new')).toMatchObject({ checksum: double.state('ml-old').checksum, subdomain: 'new' });
    expect(double.calls.of('backupWorkspace')).toHaveLength(0);
  });

  it('of one workspace makes another with --to, with its own external folders, and refuses one that stands', async () => {
    const world = await makeWorld();
    const { double, root, backup, then, files, chat, trees } = world;
    for (const folder of FOLDERS) await mkdir(join(root, 'ml-new', folder), { recursive: true });
    const life = await createCdpLife(world, chat, trees.moverOf, { beside: 'ml-new' });
    await life.recover();
    const wish = { backup, to: 'ml-new', confirm: 'ml-new', noticeMs: 0 };
    const { id } = await life.orchestrator.requestRestore(alice, wish);
    const { running } = await life.orchestrator.decide(bob, { request: id, approves: true });
    expect(await running?.ended).toMatchObject({ status: 'succeeded', workspace: 'ml-new' });
    while (!life.orchestrator.isIdle()) await pause(2);
    expect(double.state('ml-new')).toMatchObject({ checksum: then, areServicesUp: true });
    expect(await readFile(join(root, 'ml-new', 'datasets', 'file'), 'utf8')).toBe('then');
    expect(await files()).toEqual(['now', 'now']);
    const again = life.orchestrator.requestRestore(alice, wish);
    await expect(again).rejects.toMatchObject({ message: expect.stringContaining('ml-new stands already') });
  });

  it('of single paths is refused in one sentence', async () => {
    const { life, backup } = await makeWorld();
    const only = life.orchestrator.planRestore(alice, { backup, only: ['datasets/file'] });
    await expect(only).rejects.toMatchObject({
      message: expect.stringContaining('cannot be brought back on this platform'),
    });
  });
});
