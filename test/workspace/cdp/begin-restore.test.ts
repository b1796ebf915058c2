import { describe, expect, it, onTestFinished } from 'vitest';
import type { ControlPlane } from '../../../src/workspace/cdp/client/control-plane.ts';
import type { VendorBackups } from '../../../src/workspace/vendor-backups.ts';
import type { Habits } from '../../fakes/cdp/world.ts';
import { type CdpBench, makeCdpBench, WORKSPACE } from './bench.ts';

const OPERATION = 'op_0000000007';

async function makeWorld(habits: Partial<Habits> = {}, platform: object = {}) {
  const content = { users: '12 users' };
  const bench = await makeCdpBench({
    double: { minuteMs: 60, workspaces: [{ name: WORKSPACE, staticSubdomain: 'prod', content }], habits },
    platform: { poll: '5ms', listedWithin: '150ms', ...platform },
  });
  onTestFinished(() => bench.dispose());
  const { crn } = await bench.double.backUpByHand('before the upgrade');
  const then = bench.double.state().checksum;
  bench.double.workspace().content.set('users', 'nobody');
  return { ...bench, crn, then };
}

function vendorOf(bench: CdpBench, controlPlane = (real: ControlPlane) => real): VendorBackups {
  const { vendor } = bench.again({ controlPlane });
  if (!vendor) throw new Error('the platform knows no vendor');
  return vendor;
}

/** A life that ends at its nth call of the control plane: before it was sent, or after it was answered. */
function endingAt(nth: number, when: 'before' | 'after') {
  let calls = 0;
  let tell: () => void = () => undefined;
  const ended = new Promise<'died'>((resolve) => {
    tell = () => resolve('died');
  });
  const never = new Promise<never>(() => {});
  const wrap = (real: ControlPlane): ControlPlane =>
    Object.fromEntries(
      Object.entries(real).map(([name, call]) => [
        name,
        async (...words: unknown[]) => {
          calls += 1;
          const isLast = calls === nth;
          if (calls > nth) return never;
          if (isLast && when === 'before') tell();
          if (isLast && when === 'before') return never;
          const answer = await (call as (...given: unknown[]) => Promise<unknown>)(...words);
          if (!isLast) return answer;
          tell();
          return never;
        },
      ]),
    ) as unknown as ControlPlane;
  return { wrap, ended };
}

const begun = async (vendor: VendorBackups, crn: string) => {
  await vendor.beginRestore(OPERATION, crn);
  return vendor.followRestore(OPERATION);
};

describe('a restore that the control plane is told to make', () => {
  it('is followed to its end, and its workspace is what it was', async () => {
    const { double, crn, then, ...bench } = await makeWorld();
    const notes: string[] = [];
    const vendor = vendorOf({ double, ...bench });
    const files = double.workflows.hold('restore', 'files');
    expect(await vendor.beginRestore(OPERATION, crn)).toEqual({ endsBy: expect.any(String) });
    expect(double.state()).toMatchObject({ areServicesUp: false });
    const end = await vendor.followRestore(OPERATION, {
      onProgress({ note = '' }) {
        notes.push(note);
        files.release();
      },
    });
    expect(end).toEqual({ state: 'restored', said: 'installation:finished' });
    expect(double.state()).toMatchObject({ checksum: then, subdomain: 'prod', areServicesUp: true });
    expect(notes[0]).toMatch(/^restore:started; ./);
  });

  it('is sent once, at whatever call of the control plane a life of its operation ends', async () => {
    let unsent = 0;
    for (let nth = 1; ; nth += 1) {
      for (const when of ['before', 'after'] as const) {
        const { double, crn, then, ...bench } = await makeWorld();
        const world = { double, ...bench };
        const { wrap, ended } = endingAt(nth, when);
        const first = begun(vendorOf(world, wrap), crn).then(
          ({ state }) => state,
          (error: Error) => error.message,
        );
        const came = await Promise.race([first, ended]);
        const at = `call ${nth}, ${when}`;
        const again = came === 'died' ? await Promise.allSettled([begun(vendorOf(world), crn)]) : [];
        const sent = double.calls.accepted('restoreWorkspace').length;
        expect(sent, at).toBeLessThanOrEqual(1);
        // What was about to be sent may have been: nobody sends it again, and a person is told.
        if (sent === 0) expect(again, at).toMatchObject([{ reason: { message: /its answer was lost/ } }]);
        else expect(double.state(), at).toMatchObject({ checksum: then, areServicesUp: true });
        if (sent === 1 && came === 'died') expect(again, at).toMatchObject([{ value: { state: 'restored' } }]);
        unsent += 1 - sent;
        if (came !== 'died') return expect(unsent).toBe(1);
      }
    }
  }, 120_000);

  it('says so when nobody saw services stop for it', async () => {
    const { double, crn, ...bench } = await makeWorld();
    const vendor = vendorOf({ double, ...bench });
    const stopping = double.workflows.hold('restore', 'stopping');
    const unproven = expect.stringContaining('nobody saw them stop');
    expect(await vendor.beginRestore(OPERATION, crn)).toMatchObject({ unproven });
    stopping.release();
    await expect(vendor.followRestore(OPERATION)).resolves.toMatchObject({ state: 'restored' });
  });

  it('is found by what it does when its answer was lost', async () => {
    const { double, crn, then, ...bench } = await makeWorld();
    double.faults.next('restoreWorkspace', { kind: 'drop', when: 'after' });
    const end = await begun(vendorOf({ double, ...bench }), crn);
    expect(end).toMatchObject({ state: 'restored' });
    expect(double.calls.accepted('restoreWorkspace')).toHaveLength(1);
    expect(double.state()).toMatchObject({ checksum: then });
  });

  it('is given up, and never sent again, when nothing is seen of it after its answer was lost', async () => {
    const { double, crn, ...bench } = await makeWorld();
    double.faults.next('restoreWorkspace', { kind: 'drop', when: 'before' });
    const world = { double, ...bench };
    const lost = { code: 'step-failed', message: expect.stringContaining('its answer was lost') };
    await expect(vendorOf(world).beginRestore(OPERATION, crn)).rejects.toMatchObject(lost);
    await expect(vendorOf(world).beginRestore(OPERATION, crn)).rejects.toMatchObject(lost);
    await expect(vendorOf(world).followRestore(OPERATION)).resolves.toEqual({ state: 'none', said: '' });
    expect(double.calls.of('restoreWorkspace')).toHaveLength(1);
    expect(double.workspace().content.get('users')).toBe('nobody');
  });

  it('that is refused has not begun', async () => {
    const { double, crn, ...bench } = await makeWorld();
    double.faults.next('restoreWorkspace', { kind: 'answer', status: 400, code: 'INVALID', message: 'no room' });
    const world = { double, ...bench };
    const refused = { code: 'step-failed', message: expect.stringContaining('did not begin the restore') };
    await expect(vendorOf(world).beginRestore(OPERATION, crn)).rejects.toMatchObject(refused);
    await expect(vendorOf(world).followRestore(OPERATION)).resolves.toMatchObject({ state: 'none' });
    expect(double.calls.accepted('restoreWorkspace')).toHaveLength(0);
  });

  it('that fails is told with the control plane’s own words', async () => {
    const { double, crn, ...bench } = await makeWorld();
    double.workflows.next('restore', { kind: 'fail', at: 'files', why: 'the volume is full', leaves: 'down' });
    const end = await begun(vendorOf({ double, ...bench }), crn);
    expect(end).toEqual({ state: 'failed', said: 'restore:failed: the volume is full' });
  });

  it('is followed to a workspace that got another CRN, which is then looked for there', async () => {
    const { double, crn, then, ...bench } = await makeWorld({ restoresUnderNewCrn: true });
    const world = { double, ...bench };
    await expect(begun(vendorOf(world), crn)).resolves.toMatchObject({ state: 'restored' });
    expect(double.state()).toMatchObject({ checksum: then });
    await expect(bench.again().inspect()).resolves.toMatchObject({ services: [{ ready: true }, { ready: true }] });
  });

  it('begins also where a failed backup left the workspace down', async () => {
    const { double, crn, then, ...bench } = await makeWorld();
    double.workflows.next('backup', { kind: 'fail', at: 'files', leaves: 'down' });
    await double.backUpByHand('the one that fails').catch(() => undefined);
    expect(double.state()).toMatchObject({ areServicesUp: false });
    await expect(begun(vendorOf({ double, ...bench }), crn)).resolves.toMatchObject({ state: 'restored' });
    expect(double.state()).toMatchObject({ checksum: then, areServicesUp: true });
  });

  it('of a backup that is not there any more is refused before anything is sent', async () => {
    const { double, ...bench } = await makeWorld();
    const gone = 'crn:altus:ml:us-west-1:a:workspaceBackup:gone';
    const refused = { code: 'plan-changed', message: expect.stringContaining('does not know this backup') };
    await expect(vendorOf({ double, ...bench }).beginRestore(OPERATION, gone)).rejects.toMatchObject(refused);
    expect(double.calls.of('restoreWorkspace')).toHaveLength(0);
  });
});

describe('the deletion of a backup of the control plane', () => {
  it('ends when it is listed no more, and may be asked for again', async () => {
    const { double, crn, ...bench } = await makeWorld();
    const vendor = vendorOf({ double, ...bench });
    await vendor.delete(crn);
    expect(double.state().backups).toEqual([]);
    await vendor.delete(crn);
    expect(double.calls.accepted('deleteBackup')).toHaveLength(1);
  });

  it('goes on after a lost answer and after a crash', async () => {
    const { double, crn, ...bench } = await makeWorld();
    const world = { double, ...bench };
    double.faults.next('deleteBackup', { kind: 'drop', when: 'after' });
    const { wrap, ended } = endingAt(3, 'before');
    void vendorOf(world, wrap).delete(crn);
    await ended;
    await vendorOf(world).delete(crn);
    expect(double.state().backups).toEqual([]);
    expect(double.calls.accepted('deleteBackup')).toHaveLength(1);
  });

  it('cannot be had where the control plane has no such operation, in one sentence', async () => {
    const { double, ...bench } = await makeWorld();
    const vendor = vendorOf({ double, ...bench });
    await expect(vendor.whyNotDelete()).resolves.toBeUndefined();
    double.withdraw('deleteBackup');
    await expect(vendor.whyNotDelete()).resolves.toBe('this control plane has no deleteBackup.');
  });

  it('that the control plane gives up is an error with its word, and can be asked for once more', async () => {
    const { double, crn, ...bench } = await makeWorld();
    double.workflows.next('delete', { kind: 'fail', at: 'snapshots' });
    const vendor = vendorOf({ double, ...bench });
    const failed = { code: 'step-failed', message: expect.stringContaining('delete:failed') };
    await expect(vendor.delete(crn)).rejects.toMatchObject(failed);
    await vendor.delete(crn);
    expect(double.state().backups).toEqual([]);
  });
});

it('a workspace that is being removed, and one that is gone, say so', async () => {
  const { double, ...bench } = await makeWorld();
  const vendor = vendorOf({ double, ...bench });
  await expect(vendor.standing()).resolves.toBe('stands');
  const removal = double.deleteByHand();
  await expect(vendor.standing()).resolves.toBe('is being removed');
  await removal.ended;
  await expect(vendor.standing()).resolves.toBe('is gone');
});
