import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type Bench, makeBench } from './bench.ts';
import { sendSignal, until } from './processes.ts';

vi.setConfig({ testTimeout: 120_000 });

const MINUTE = 60_000;

async function given(schedules: object): Promise<Bench> {
  const bench = await makeBench({ workspace: { schedules } });
  onTestFinished(() => bench.dispose());
  return bench;
}

const stateFile = (bench: Bench, name: string) => bench.at('cml-data', 'schedules', `team-ml.${name}.json`);
const stateOf = async (bench: Bench, name: string) => JSON.parse(await readFile(stateFile(bench, name), 'utf8'));

/** A schedule whose slot was a minute ago, and the slot. */
function dueNow() {
  const slot = new Date(Math.floor(Date.now() / MINUTE) * MINUTE - MINUTE);
  const when = `${slot.getUTCMinutes()} ${slot.getUTCHours()} * * *`;
  return { slotAt: slot.toISOString(), settings: { does: 'backup', when, zone: 'UTC', timeout: '1h' } };
}

test('every word of schedule is answered in the terminal, and leaves its line in the audit trail', async () => {
  const bench = await given({
    nightly: { does: 'backup', when: 'nightly at 02:00', zone: 'Europe/Berlin', window: '22:00-05:00' },
    proof: { does: 'verify', when: 'sundays at 04:00', zone: 'Europe/Berlin' },
  });
  await bench.serve();
  const zone = { environment: { TZ: 'Asia/Kathmandu' } };
  const list = await bench.say(['schedule'], zone);
  expect(list).toMatchObject({ exitCode: 0 });
  expect(list.stdout).toContain('team-ml/nightly');
  expect(list.stdout).toMatch(/Times are local \(Asia\/K/);
  const { answer } = await bench.sayJson(['schedule', 'list', 'team-ml']);
  expect(answer.schedules.map(({ next }: { next: unknown[] }) => next.length)).toEqual([5, 5]);
  expect((await bench.say(['schedule', 'show', 'team-ml', 'nightly'])).stdout).toContain('22:00-05:00');

  const paused = await bench.say(['schedule', 'pause', 'team-ml', 'nightly', '--reason', 'quarter end']);
  expect(paused).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('is paused') });
  expect((await bench.say(['schedule', 'list'])).stdout).toContain('paused by alice: quarter end');
  const again = await bench.sayJson(['schedule', 'pause', 'team-ml', 'nightly']);
  expect(again.answer.error).toMatchObject({ code: 'nothing-to-do', message: 'team-ml/nightly is paused already.' });
  expect((await bench.say(['schedule', 'resume', 'team-ml'])).exitCode).toBe(0);

  const [first, second] = answer.schedules[0].next;
  expect((await bench.say(['schedule', 'skip', 'team-ml', 'nightly'])).exitCode).toBe(0);
  const skipped = (await bench.sayJson(['schedule', 'list', 'team-ml', 'nightly'])).answer.schedules[0];
  expect(skipped.state.skip.slotAt).toBe(first.slotAt);
  expect(skipped.next[0]).toEqual(second);
  const twice = await bench.sayJson(['schedule', 'skip', 'team-ml', 'nightly']);
  expect(twice.answer.error.message).toBe('team-ml/nightly leaves out its next time already.');
  expect((await bench.say(['schedule', 'resume', 'team-ml', 'nightly'])).exitCode).toBe(0);
  const back = (await bench.sayJson(['schedule', 'list', 'team-ml', 'nightly'])).answer.schedules[0];
  expect(back.next[0]).toEqual(first);

  const run = await bench.sayJson(['schedule', 'run', 'team-ml', 'nightly']);
  expect(run).toMatchObject({ exitCode: 0 });
  expect(await bench.operations('ended')).toMatchObject([
    { kind: 'backup', trigger: 'person', status: 'succeeded', reason: 'schedule nightly' },
  ]);
  expect((await bench.sayJson(['schedule', 'run', 'team-ml', 'weekly'])).answer.error.code).toBe('unknown-schedule');
  expect((await bench.sayJson(['schedule', 'skip'])).answer.error).toMatchObject({ code: 'bad-input' });
  const audit = await readFile(bench.at('cml-data', 'audit.jsonl'), 'utf8');
  for (const did of ['paused', 'resumed', 'skipped', 'run']) expect(audit).toContain(`schedule ${did}`);
});

test('begins a slot anew that was written down when the server was killed, and never a second time', async () => {
  const { slotAt, settings } = dueNow();
  const bench = await given({ nightly: settings });
  const before = new Date(Date.parse(slotAt) - 1_000).toISOString();
  await mkdir(bench.at('cml-data', 'schedules'), { recursive: true });
  const left = {
    ...{ schema: 1, id: 'team-ml.nightly', timing: `${settings.when} | UTC`, missed: [] },
    ...{ lastSlotAt: slotAt, lastFiredAt: before, firing: { slotAt, at: before } },
  };
  await writeFile(stateFile(bench, 'nightly'), JSON.stringify(left));
  const server = await bench.serve();
  const [begun] = await until('the backup has ended', async () => {
    const ended = await bench.operations('ended');
    return ended.length > 0 && ended;
  });
  expect(begun).toMatchObject({
    ...{ kind: 'backup', status: 'succeeded', trigger: 'schedule', by: { name: 'schedule', proof: 'schedule' } },
    scheduled: { id: 'team-ml/nightly', slotAt },
  });
  await until('what became of it stands on record', async () => (await stateOf(bench, 'nightly')).lastOutcome);

  // Killed once more, as if nothing had been noted yet: the operation on record is found.
  sendSignal(server.pid, 'SIGKILL');
  await server.ended;
  await writeFile(stateFile(bench, 'nightly'), JSON.stringify(left));
  await bench.serve();
  await until('the slot is settled', async () => (await stateOf(bench, 'nightly')).lastOperationId === begun?.id);
  expect(await bench.operations('open')).toEqual([]);
  expect(await bench.operations('ended')).toHaveLength(1);
});

test('a server that a word started stays as long as something is scheduled, and says what that is worth', async () => {
  const bench = await given({ nightly: { does: 'backup', when: 'nightly at 02:00', zone: 'UTC' } });
  await bench.serve(['--idle', '1s']);
  const said = await bench.say(['schedule']);
  expect(said.stdout.replace(/\s+/g, ' ')).toContain('started by a word and not as a service');
  await bench.configure({});
  await bench.say(['status']); // the server reads what was edited
  await until('it has ended', () => bench.serverPids().length === 0);
});
