import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Operation } from '../../src/records/operation.ts';
import { until } from '../e2e/processes.ts';
import { HOUR, makeClock } from './clock.ts';
import { type FaultBench, given, type Here, SERVICES } from './fault-bench.ts';
import { hasStopped, judge } from './judge.ts';
import { withBackup } from './repository-rows.ts';
import { type Row, tell } from './table.ts';

const TIGHT = { downtimeBudget: '8s', guardMargin: '2s' };

/** A backup that is in its cut, restic held. */
async function inHeldCut(here: Here, policy: object = {}) {
  const bench = await given(here, { policy });
  const server = await bench.up();
  const live = await bench.picture();
  const held = await bench.hold('delta');
  const client = bench.begin(['backup', 'team-ml', '--json']);
  await held.reached();
  expect(bench.isUp()).toBe(false);
  return { bench, server, live, held, client };
}

async function killServer({ server, client }: Awaited<ReturnType<typeof inHeldCut>>): Promise<void> {
  server.kill('SIGKILL');
  await server.ended;
  client.kill('SIGKILL');
}

const guardHasThemUp = (bench: FaultBench) => until('the guard has services up', () => bench.isUp(), 90_000);

const eventsOf = ({ journal }: Operation, type: string) => journal.filter((event) => event.type === type);

export const serverRows: readonly Row[] = [
  {
    fault: 'the server is killed in the cut, and cml.yaml is broken at the next boot',
    injected: 'SIGKILL while services are down; cml.yaml is no YAML any more',
    expected: 'starts services first, then says what is wrong with the file',
    async play(here) {
      const world = await inHeldCut(here);
      const { bench, live, held } = world;
      await killServer(world);
      const good = await readFile(bench.at('cml.yaml'), 'utf8');
      await writeFile(bench.at('cml.yaml'), good.replace('services:', 'services: ['));
      const next = bench.begin(['serve']);
      expect((await next.ended).exitCode).toBe(2);
      const seen = await tell(bench, (await bench.operations('ended'))[0]);
      expect(bench.isUp()).toBe(true);
      await held.letGo();
      await rm(bench.at('trouble/delta'));
      await writeFile(bench.at('cml.yaml'), good);
      expect(await judge(bench, { live })).toEqual([]);
      return `${seen}; then exit code 2`;
    },
  },
  {
    fault: 'the server is stopped for minutes in the cut',
    injected: 'SIGSTOP for longer than the budget (8 s) and the margin (2 s), then SIGCONT',
    expected: 'the guard starts services; the server that comes back stops nothing and records nothing',
    async play(here) {
      const { bench, server, live, held } = await inHeldCut(here, TIGHT);
      server.kill('SIGSTOP');
      await guardHasThemUp(bench);
      await until('the guard is done', () => bench.strike('CML_GUARD=', 'SIGCONT') === 0, 30_000);
      const pids = bench.services.map((name) => bench.pidsOf(name));
      await held.letGo();
      server.kill('SIGCONT');
      const ended = await bench.settled();
      expect(ended).toMatchObject({
        status: 'failed',
        error: { code: expect.stringMatching(/^(not-quiet|over-budget)$/) },
      });
      expect(bench.services.map((name) => bench.pidsOf(name))).toEqual(pids);
      expect(await judge(bench, { live })).toEqual([]);
      return tell(bench, ended);
    },
  },
  {
    fault: 'the server is stopped in the countdown',
    injected: 'SIGSTOP until 7 s after the announced time, then SIGCONT; the notice is 4 s',
    expected: 'announces anew before it stops anything',
    async play(here) {
      const bench = await given(here, { policy: { notice: '4s' } });
      const server = await bench.up();
      const live = await bench.picture();
      const client = bench.begin(['backup', 'team-ml', '--json']);
      await bench.awaitStep('countdown');
      server.kill('SIGSTOP');
      const [open] = await bench.operations('open');
      const told = open ? eventsOf(open, 'announced').at(-1) : undefined;
      const late = Date.parse((told && 'stopsAt' in told && told.stopsAt) || '') + 7_000;
      await pause(Math.max(0, late - Date.now()));
      server.kill('SIGCONT');
      await client.ended;
      const ended = await bench.settled();
      expect(ended).toMatchObject({ status: 'succeeded' });
      stoppedAsTold(ended);
      expect(await judge(bench, { live })).toEqual([]);
      return `${await tell(bench, ended)}, announced ${eventsOf(ended, 'announced').length} times`;
    },
  },
  {
    fault: 'the clock is set forward in the countdown',
    injected: 'the clock of the server jumps 3 h ahead; the notice is 4 s',
    expected: 'announces anew before it stops anything',
    async play(here) {
      const bench = await given(here, { policy: { notice: '4s' } });
      const clock = await makeClock(bench);
      await bench.up(clock.environment);
      const live = await bench.picture();
      const client = bench.begin(['backup', 'team-ml', '--json']);
      await bench.awaitStep('countdown');
      await clock.set(3 * HOUR);
      await client.ended;
      const ended = await bench.settled();
      expect(ended).toMatchObject({ status: 'succeeded' });
      stoppedAsTold(ended);
      expect(await judge(bench, { live })).toEqual([]);
      return `${await tell(bench, ended)}, announced ${eventsOf(ended, 'announced').length} times`;
    },
  },
  {
    fault: 'the clock is set forward in the cut',
    injected: 'the clock of the server jumps 3 h ahead while services are down',
    expected: 'has services up at once or goes on, and calls nothing completed that is not',
    async play(here) {
      return clockInCut(here, 3 * HOUR);
    },
  },
  {
    fault: 'the clock is set back in the cut',
    injected: 'the clock of the server jumps 3 h back while services are down',
    expected: 'has services up at once or goes on, and calls nothing completed that is not',
    async play(here) {
      return clockInCut(here, -3 * HOUR);
    },
  },
  {
    fault: 'the clock is set back while a service does not stop',
    injected: 'by the service itself when it gets SIGTERM, which it ignores; its grace is 2 s',
    expected: 'waits its grace, not three hours, and starts what was stopped',
    async play(here) {
      const bench = await given(here, (at) => ({
        services: [
          SERVICES[0] ?? {},
          {
            name: 'db',
            command: [
              'sh',
              '-c',
              `trap "printf ${-3 * HOUR} >${at('clock-offset')}" TERM; while :; do sleep 0.2; done`,
            ],
            folder: '.',
            stop: { grace: '2s' },
          },
        ],
        policy: { downtimeBudget: '60s', guardMargin: '60s' },
      }));
      const clock = await makeClock(bench);
      await bench.up(clock.environment);
      const live = await bench.picture();
      const beganAt = performance.now();
      const ended = await bench.backUp();
      expect(ended).toMatchObject({ status: 'failed', error: { code: 'service-will-not-stop' } });
      expect(performance.now() - beganAt).toBeLessThan(60_000);
      expect(await judge(bench, { live })).toEqual([]);
      return tell(bench, ended);
    },
  },
  {
    fault: 'the journal is torn while services are down',
    injected: 'server killed in the cut, the open operation cut to half',
    expected: 'sets it aside and says so; the guard starts services',
    async play(here) {
      const world = await inHeldCut(here, TIGHT);
      const { bench, live, held } = world;
      await killServer(world);
      const [open] = await bench.operations('open');
      const path = bench.at('cml-data/operations/open', `${open?.id}.json`);
      await truncate(path, 300);
      await held.letGo();
      await rm(bench.at('trouble/delta'));
      await bench.serve();
      await guardHasThemUp(bench);
      expect(await readdir(bench.at('cml-data/set-aside'))).toEqual([expect.stringContaining(`${open?.id}.json`)]);
      expect(await readFile(bench.at('cml-data/server.log'), 'utf8')).toContain('was set aside');
      await until('the guard is done', () => bench.strike('CML_GUARD=', 'SIGCONT') === 0, 30_000);
      const seen = await tell(bench);
      // Whose copies they were stands in the journal that is lost; they are told apart by their tags, and pruned by hand.
      expect(await judge(bench, { live, told: [/^a copy that no backup needs/] })).toEqual([]);
      expect(await bench.backUp()).toMatchObject({ status: 'succeeded' });
      return `${seen}; the next backup works`;
    },
  },
  {
    fault: 'files of the catalog are torn',
    injected: 'of two backups one record cut to half, the audit trail ends in half a line',
    expected: 'sets it aside, names it, and keeps all else',
    async play(here) {
      const { bench, server, live, backup, held } = await withBackup(here);
      const second = (await bench.backUp()).id.replace('op_', 'bkp_');
      server.kill('SIGKILL');
      await server.ended;
      await truncate(bench.at('cml-data/backups', `${backup}.json`), 200);
      const audit = await readFile(bench.at('cml-data/audit.jsonl'));
      await truncate(bench.at('cml-data/audit.jsonl'), audit.length - 20);
      await bench.serve();
      const { answer } = await bench.sayJson(['list']);
      expect(answer.backups.map(({ id }: { id: string }) => id)).toEqual([second]);
      expect(await readFile(bench.at('cml-data/server.log'), 'utf8')).toContain(backup);
      expect(await bench.backUp()).toMatchObject({ status: 'succeeded' });
      expect(await judge(bench, { live, held, told: [/^a copy that no backup needs/] })).toEqual([]);
      return tell(bench);
    },
  },
  {
    fault: 'two servers on one data folder',
    injected: 'three more started at once while the first has services down',
    expected: 'refuses them, and the backup goes on',
    async play(here) {
      const { bench, live, held, client } = await inHeldCut(here);
      const others = await Promise.all([1, 2, 3].map(() => bench.sayJson(['serve'])));
      for (const other of others)
        expect(other).toMatchObject({ exitCode: 3, answer: { error: { code: 'workspace-busy' } } });
      await held.letGo();
      await client.ended;
      const ended = await bench.settled();
      expect(ended).toMatchObject({ status: 'succeeded' });
      expect(await judge(bench, { live })).toEqual([]);
      return tell(bench, ended);
    },
  },
  {
    fault: 'the guard is killed in the cut',
    injected: 'SIGKILL to the guard alone',
    expected: 'the server brings services back itself',
    async play(here) {
      const { bench, live, held, client } = await inHeldCut(here);
      expect(bench.strike('CML_GUARD=', 'SIGKILL')).toBe(1);
      await held.letGo();
      await client.ended;
      const ended = await bench.settled();
      expect(bench.isUp()).toBe(true);
      expect(await judge(bench, { live })).toEqual([]);
      return tell(bench, ended);
    },
  },
  {
    fault: 'the guard and the server are killed in the cut',
    injected: 'SIGKILL to both',
    expected: 'the next boot starts services before anything else',
    async play(here) {
      const world = await inHeldCut(here);
      const { bench, live, held } = world;
      expect(bench.strike('CML_GUARD=', 'SIGKILL')).toBe(1);
      await killServer(world);
      await rm(bench.at('trouble/delta'));
      await held.letGo();
      await bench.serve();
      const ended = await bench.settled();
      expect(ended).toMatchObject({ status: 'failed', error: { code: 'interrupted' } });
      expect(await judge(bench, { live })).toEqual([]);
      return tell(bench, ended);
    },
  },
  {
    fault: 'the clock was set back after the guard was armed, and the server is killed',
    injected: "the server's clock 3 h ahead of the guard's; budget 8 s, margin 2 s",
    expected: 'the guard goes by the clock that nobody can set',
    async play(here) {
      return guardOtherClock(here, 3 * HOUR, true);
    },
  },
  {
    fault: 'the clock is set forward after the guard was armed',
    injected: "the server's clock 3 h behind the guard's",
    expected: 'the guard starts services early, and the cut fails',
    async play(here) {
      return guardOtherClock(here, -3 * HOUR, false);
    },
  },
];

/** Services stopped at or after the moment that people were told last, and not long after it. */
function stoppedAsTold(ended: Operation): void {
  const announced = eventsOf(ended, 'announced');
  expect(announced.length).toBeGreaterThan(1);
  const told = announced.at(-1);
  const stop = ended.journal.find((event) => event.type === 'step-began' && event.step === 'stop');
  expect(hasStopped(ended)).toBe(true);
  const lateMs = Date.parse(stop?.at ?? '') - Date.parse((told && 'stopsAt' in told && told.stopsAt) || '');
  expect(lateMs).toBeGreaterThanOrEqual(0);
}

async function clockInCut(here: Here, jumpMs: number): Promise<string> {
  const bench = await given(here);
  const clock = await makeClock(bench);
  await bench.up(clock.environment);
  const live = await bench.picture();
  const held = await bench.hold('delta');
  const client = bench.begin(['backup', 'team-ml', '--json']);
  await held.reached();
  await clock.set(jumpMs);
  await held.letGo();
  await client.ended;
  await until('services are up', () => bench.isUp());
  const ended = await bench.settled();
  await clock.set(0);
  expect(await judge(bench, { live })).toEqual([]);
  return tell(bench, ended);
}

async function guardOtherClock(here: Here, offsetMs: number, kills: boolean): Promise<string> {
  const bench = await given(here, { policy: TIGHT });
  const clock = await makeClock(bench);
  const server = await bench.up(clock.environment);
  const live = await bench.picture();
  const warm = await bench.hold('pre-copy');
  const held = await bench.hold('delta');
  // Set back under a countdown, services would stop only when the announced moment comes again.
  if (!kills) await clock.set(offsetMs);
  const client = bench.begin(['backup', 'team-ml', '--json']);
  await warm.reached();
  if (kills) await clock.set(offsetMs);
  await warm.letGo();
  // An early guard may have services up before restic is reached.
  await Promise.race([held.reached().catch(() => undefined), client.ended]);
  if (kills) {
    server.kill('SIGKILL');
    await server.ended;
    client.kill('SIGKILL');
  }
  await guardHasThemUp(bench);
  await until('the guard is done', () => bench.strike('CML_GUARD=', 'SIGCONT') === 0, 60_000);
  await held.letGo();
  await rm(bench.at('trouble/delta'), { force: true });
  if (kills) await bench.serve([], { environment: clock.environment });
  else await client.ended;
  const ended = await bench.settled();
  expect(ended).toMatchObject({ status: 'failed' });
  expect(await judge(bench, { live })).toEqual([]);
  return tell(bench, ended);
}
