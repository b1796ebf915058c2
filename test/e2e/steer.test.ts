import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Begun, type Bench, makeBench, runRestic } from './bench.ts';

vi.setConfig({ testTimeout: 120_000 });

/** One backup that counts down, and what can be said to it meanwhile; every test goes on where the one before ended. */
let bench: Bench;
let id: string;
let follower: Begun;
let web: number[];

beforeAll(async () => {
  bench = await makeBench({ policy: { notice: '5m' } });
  await bench.serve();
  await bench.say(['start', 'team-ml']);
  web = bench.pidsOf('web');
});

afterAll(() => bench?.dispose());

test('Ctrl-C in a client that follows detaches it, and the operation goes on', async () => {
  const client = bench.begin(['backup', 'team-ml', '--json']);
  id = (await bench.awaitStep('countdown')).id;
  client.kill('SIGINT');
  const { exitCode, stdout, stderr } = await client.ended;
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout).operation.id).toBe(id);
  expect(stderr).toContain(`${id} goes on without you. Come back with: cml status ${id} --follow`);
  const { answer } = await bench.sayJson(['status', id]);
  expect(answer.operation).toMatchObject({ status: 'running', stopsAt: expect.any(String) });
});

test('a second operation is refused by a sentence that names the first', async () => {
  follower = bench.begin(['status', id, '--follow', '--json']);
  for (const words of [
    ['backup', 'team-ml'],
    ['start', 'team-ml'],
  ]) {
    const refused = await bench.sayJson(words);
    const error = { code: 'workspace-busy', message: expect.stringContaining(id), hint: expect.stringContaining(id) };
    expect(refused).toMatchObject({ exitCode: 3, answer: { error } });
  }
  expect((await bench.sayJson(['check', 'team-ml'])).answer.findings).toContainEqual(
    expect.objectContaining({ about: 'other operation', says: expect.stringContaining(id) }),
  );
});

test('postpone moves the stop, by the operation or by its workspace, up to a day', async () => {
  const stopsAt = async () => Date.parse((await bench.sayJson(['status', id])).answer.operation.stopsAt);
  const first = await stopsAt();
  const { exitCode, answer } = await bench.sayJson(['postpone', id, '1h']);
  expect({ exitCode, at: Date.parse(answer.stopsAt) }).toEqual({ exitCode: 0, at: first + 3_600_000 });
  await bench.say(['postpone', 'team-ml']);
  expect(await stopsAt()).toBe(first + 5_400_000);
  expect(await bench.sayJson(['postpone', id, '23h'])).toMatchObject({
    exitCode: 3,
    answer: { error: { code: 'too-late' } },
  });
  expect(await stopsAt()).toBe(first + 5_400_000);
});

test('cancel during the countdown ends it without a stop and leaves nothing behind', async () => {
  const cancelled = await bench.sayJson(['cancel', 'team-ml', '--reason', 'a demonstration is on']);
  expect(cancelled).toMatchObject({ exitCode: 0, answer: { operation: { id } } });
  const { exitCode, stdout, stderr } = await follower.ended;
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout).operation).toMatchObject({ id, status: 'cancelled' });
  expect(stderr).toContain('a demonstration is on');
  expect(bench.pidsOf('web')).toEqual(web);
  expect((await bench.sayJson(['list'])).answer.backups).toEqual([]);
  expect(JSON.parse(await runRestic(bench, ['snapshots', '--json']))).toEqual([]);
  expect(await bench.operations('open')).toEqual([]);
  expect(await bench.sayJson(['cancel', id])).toMatchObject({
    exitCode: 1,
    answer: { error: { code: 'nothing-to-do' } },
  });
});

test('backup --detach answers at once, and status --follow stays to the end', async () => {
  const begun = await bench.sayJson(['backup', 'team-ml', '--now', '--detach']);
  expect(begun).toMatchObject({ exitCode: 0, answer: { operation: { status: 'running' } } });
  const followed = await bench.sayJson(['status', begun.answer.operation.id, '--follow']);
  expect(followed).toMatchObject({ exitCode: 0, answer: { backup: { status: 'completed' } } });
  expect(bench.pidsOf('web')).not.toEqual(web);
  expect((await bench.sayJson(['list'])).answer.backups).toHaveLength(1);
});
