import { describe, expect, test, vi } from 'vitest';
import { compare } from '../walker.ts';
import { asBob, runRestic } from './bench.ts';
import { damageFiles, givenControlPlane } from './control-plane-bench.ts';
import { until } from './processes.ts';

// Far beyond what it takes: how long something lasts is not judged here.
vi.setConfig({ testTimeout: 120_000 });

describe.concurrent('a workspace that its control plane backs up', () => {
  test('is backed up with its external files, and comes back byte for byte after an approval', async (here) => {
    const bench = await givenControlPlane(here);
    await bench.up();
    const held = bench.double.workflows.hold('backup', 'files');
    const { checksum, version } = bench.double.state();
    const asked = bench.backUp(['--name', 'first']);
    await bench.copiedWhileGone();
    held.release();
    const { exitCode, answer, stderr } = await asked;
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const { backup } = answer;
    expect(backup.parts).toMatchObject([
      { name: 'workspace', kind: 'vendor', proof: 'vendor-reported' },
      { name: 'projects', kind: 'shared-folder', location: 'external' },
    ]);
    expect(backup.parts[1]).not.toHaveProperty('approximate');
    expect(bench.begun()).toBe(1);
    expect(compare(bench.pictureAtCut(), await bench.held(backup))).toEqual([]);
    const list = await bench.say(['list']);
    expect(list.stdout).toContain('first');
    expect((await bench.say(['status', backup.id])).stdout).toMatch(/vendor-reported/);

    const atCut = bench.pictureAtCut();
    bench.stopWriting();
    await damageFiles(bench);
    bench.double.workspace().content.set('users', '0');
    expect(bench.double.state().checksum).not.toBe(checksum);
    const restored = await bench.restore('first');
    expect({ exitCode: restored.exitCode, stderr: restored.stderr }).toMatchObject({ exitCode: 0 });
    expect(bench.double.calls.accepted('restoreWorkspace')).toHaveLength(1);
    expect(bench.double.state()).toMatchObject({ checksum, areServicesUp: true });
    expect(bench.double.state().version).not.toBe(version);
    expect(compare(atCut, await bench.picture())).toEqual([]);
  });

  test('is followed to the end of its backup by the next server, which asks for no second one', async (here) => {
    const bench = await givenControlPlane(here);
    await bench.up();
    const held = bench.double.workflows.hold('backup', 'files');
    const client = bench.begin(['backup', 'team-ml', '--json']);
    await held.reached;
    client.kill('SIGKILL'); // it would start the next server itself
    await bench.killServer();
    await bench.forgetLooks();
    await bench.up();
    await bench.copiedWhileGone();
    held.release();
    const ended = await bench.settled();
    expect({ status: ended.status, error: ended.error }).toEqual({ status: 'succeeded', error: undefined });
    expect(bench.begun()).toBe(1);
    expect(bench.double.state()).toMatchObject({ areServicesUp: true, status: 'installation:finished' });
    const { answer } = await bench.sayJson(['list', 'team-ml']);
    expect(answer.backups).toMatchObject([{ status: 'completed' }]);
    const { backup } = (await bench.sayJson(['status', answer.backups[0].id])).answer;
    expect(backup.parts[1]).not.toHaveProperty('approximate');
    expect(compare(bench.pictureAtCut(), await bench.held(backup))).toEqual([]);
    expect(await bench.pages()).toBe('');
  });

  test('is up again after a backup was cancelled in the middle', async (here) => {
    const bench = await givenControlPlane(here);
    await bench.up();
    const held = bench.double.workflows.hold('backup', 'files');
    const client = bench.begin(['backup', 'team-ml', '--json']);
    await held.reached;
    expect(bench.double.state().areServicesUp).toBe(false);
    const { exitCode, stderr } = await bench.sayJson(['cancel', 'team-ml']);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    await client.ended;
    expect(await bench.settled()).toMatchObject({ status: 'cancelled' });
    expect(bench.double.calls.accepted('requestWorkflowCancellation')).not.toEqual([]);
    expect(bench.double.state()).toMatchObject({
      ...{ areServicesUp: true, status: 'installation:finished', backups: [{ status: 'backup:cancelled' }] },
    });
    expect((await bench.sayJson(['list', 'team-ml'])).answer.backups).toEqual([]);
    expect(await bench.pages()).toBe('');
  });

  test('shows what was made in the page of its control plane, and deletes there what is deleted here', async (here) => {
    const bench = await givenControlPlane(here);
    const theirs = await bench.double.backUpByHand('before-the-upgrade');
    await bench.up();
    const listed = async () => (await bench.sayJson(['list', 'team-ml'])).answer.backups;
    await until('it is in the catalog', async () => (await listed()).length === 1);
    expect(await listed()).toMatchObject([{ name: 'before-the-upgrade', status: 'completed' }]);
    const [{ id }] = await listed();
    const refused = await bench.sayJson(['delete', id, '--confirm', 'team-ml']);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toMatch(/made in the control plane's own page/);

    expect((await bench.backUp(['--name', 'ours'])).exitCode).toBe(0);
    expect(bench.double.state().backups).toHaveLength(2);
    const asked = await bench.sayJson(['delete', 'ours', '--confirm', 'team-ml']);
    const words = ['approve', asked.answer.request.id, ...asBob.words, '--wait'];
    const { exitCode, stderr } = await bench.sayJson(words, asBob);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(bench.double.state().backups).toMatchObject([{ crn: theirs.crn, status: 'backup:finished' }]);
    expect(JSON.parse(await runRestic(bench, ['snapshots', '--json', '--no-lock']))).toEqual([]);
  });
});
