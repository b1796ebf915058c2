import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { compare, walk } from '../walker.ts';
import { makeBench, restic } from './bench.ts';
import { configureNight, serveNight } from './night-server.ts';

vi.setConfig({ testTimeout: 180_000 });

/** What is not done by then is not done by day. */
const hours = { zone: 'UTC', window: '01:00-07:00' };
const NIGHT = {
  retention: { last: 1 },
  schedules: {
    nightly: { does: 'backup', when: 'nightly at 02:00', ...hours },
    proof: { does: 'verify', when: 'nightly at 03:00', ...hours },
    keep: { does: 'retention', when: 'nightly at 04:00', ...hours },
    space: { does: 'prune', when: 'nightly at 05:00', ...hours },
    reread: { does: 'check', when: 'nightly at 06:00', ...hours, rereadWithin: '30d' },
  },
};
const ALL = { schedules: { digest: { when: 'mondays at 08:00', zone: 'UTC' } } };
const HOURS = ['02:00', '03:00', '04:00', '05:00', '06:00'];

test('three nights on real data: one is proven, one fails, one does everything there is, and then the week is told', async () => {
  const count = ['sh', '-c', 'echo "records $(wc -l <"$1/db/records")"', 'count'];
  const bench = await makeBench((at) => ({
    checks: [
      {
        name: 'rows',
        command: ['sh', '-c', 'set -- "$CML_SCRATCH"; echo "records $(wc -l <"$1/db/records")"'],
        atCut: [...count, at('team-ml')],
      },
    ],
  }));
  onTestFinished(() => bench.dispose());
  await configureNight(bench, NIGHT, ALL);
  // Saturday, before anything is due.
  const server = await serveNight(bench, '2030-01-05T01:30:00Z');
  await server.at('2030-01-05T01:31:00Z');
  expect(await server.catalog.backups.list()).toEqual([]);

  for (const hour of HOURS.slice(0, 2)) await server.at(`2030-01-05T${hour}:05Z`);
  const [first, ...none] = await server.catalog.backups.list();
  expect(none).toEqual([]);
  const counted = [{ check: 'rows', before: { records: 2 }, after: { records: 2 } }];
  expect(first).toMatchObject({ status: 'completed', trigger: 'schedule', by: { name: 'schedule' }, counted });
  expect(first?.verified).toMatchObject({ restoreMs: expect.any(Number) });

  const password = bench.at('cml-data', 'secrets', 'password');
  const late = async () => (await server.messages()).filter((line) => /OVERDUE since|not overdue/.test(line));
  await writeFile(password, 'wrong\n');
  await server.at('2030-01-06T02:00:05Z');
  await server.at('2030-01-06T13:50:05Z');
  expect(await late()).toEqual([]);
  await server.at('2030-01-06T14:10:05Z');
  expect(await late()).toEqual([expect.stringMatching(/^team-ml: its backup is OVERDUE since 2030-01-06 14:0/)]);
  await writeFile(password, 'correct horse\n');

  await writeFile(bench.at('team-ml', 'db', 'records'), 'one\ntwo\nthree\n');
  for (const hour of HOURS) await server.at(`2030-01-07T${hour}:05Z`);
  const [second, ...older] = await server.catalog.backups.list({ status: 'completed' });
  expect(older).toEqual([]);
  expect(second?.id).not.toBe(first?.id);
  expect(second).toMatchObject({ counted: [{ before: { records: 3 } }], verified: { files: 1 } });
  expect(await server.catalog.backups.get(first?.id ?? '')).toMatchObject({ status: 'deleted' });
  expect(bench.pidsOf('web')).toHaveLength(1);

  await server.at('2030-01-07T08:00:05Z');
  expect((await late()).at(-1)).toContain('its backup is not overdue any more. The last one was taken');
  const said = await server.messages();
  const digest = said.filter((line) => line.startsWith('Backups from'));
  expect(digest).toEqual([
    expect.stringMatching(
      /^Backups from 2029-12-31 to 2030-01-07, 1 workspace: 2 backups, 1 failed; services down for/,
    ),
  ]);
  expect(said.filter((line) => line.includes('was brought back and found whole'))).toHaveLength(2);
  const kinds = (await server.catalog.operations.list()).map(({ kind, status }) => `${kind} ${status}`);
  const night = ['backup succeeded', 'verify succeeded', 'prune succeeded', 'check succeeded'];
  expect(kinds.toReversed().filter((kind) => night.includes(kind))).toEqual([...night.slice(0, 2), ...night]);

  // Another program than ours brings it back, and it is what stands there.
  const copy = second?.parts[0];
  const given = ['--repo', bench.at('repository'), '--password-file', bench.at('cml-data', 'secrets', 'password')];
  execFileSync(restic, [...given, 'restore', `${copy?.copyId}:${copy?.pathInCopy}`, '--target', bench.at('back')]);
  execFileSync('touch', ['-r', bench.at('team-ml', 'db'), bench.at('back')]);
  execFileSync('chmod', ['--reference', bench.at('team-ml', 'db'), bench.at('back')]);
  expect(compare(await walk(bench.at('team-ml', 'db')), await walk(bench.at('back')))).toEqual([]);
});
