import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { isLiving, until } from '../e2e/processes.ts';
import { type FaultBench, given, type Here, SERVICES } from './fault-bench.ts';
import { hasStopped, judge } from './judge.ts';
import { type Row, tell } from './table.ts';

const shell = (name: string, script: string, more = {}) => ({
  name,
  command: ['sh', '-c', script],
  folder: '.',
  ...more,
});

/** Plays an operator who starts something by hand; ended with the test. */
function startByHand({ onTestFinished }: Here, bench: FaultBench, words: string[], environment = {}): number {
  const [program = '', ...args] = words;
  const child = spawn(program, args, {
    cwd: bench.folder,
    env: { PATH: process.env.PATH, ...environment },
    stdio: 'ignore',
    detached: true,
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child.pid ?? 0;
}

async function whileCutIsHeld(bench: FaultBench, inject: () => unknown): Promise<void> {
  const held = await bench.hold('delta');
  const client = bench.begin(['backup', 'team-ml', '--json']);
  await held.reached();
  await inject();
  await held.letGo();
  await client.ended;
  await rm(bench.at('trouble/delta'));
}

export const serviceRows: readonly Row[] = [
  {
    fault: 'a service ignores SIGTERM',
    injected: 'a trap in a shell; its grace is 1 s, killing is not allowed',
    expected: 'kills nothing, starts what was stopped, and says so',
    async play(here) {
      const deaf = shell('db', 'trap "" TERM; while :; do sleep 0.2; done', { stop: { grace: '1s' } });
      const bench = await given(here, { services: [{ name: 'web', command: ['sleep', '86400'], folder: '.' }, deaf] });
      await bench.up();
      const [live, before] = [await bench.picture(), bench.pidsOf('db')];
      const ended = await bench.backUp();
      expect(ended).toMatchObject({ status: 'failed', error: { code: 'service-will-not-stop' } });
      // the shell and one of its short sleeps, in either order: numbers of processes begin anew
      expect(bench.pidsOf('db').some((pid) => before.includes(pid))).toBe(true);
      expect(await judge(bench, { live })).toEqual([]);
      return tell(bench, ended);
    },
  },
  {
    fault: 'a service starts but is never ready',
    injected: 'its probe fails after the cut; the budget is 8 s, the margin 2 s',
    expected: 'pages, keeps trying, and is done once it is mended',
    async play(here) {
      const bench = await given(here, (at) => ({
        services: [
          SERVICES[0] ?? {},
          shell('db', 'exec sleep 86400', { ready: { command: ['test', '!', '-e', at('sick')] }, startWithin: '1s' }),
        ],
        policy: { downtimeBudget: '8s', guardMargin: '2s' },
      }));
      await bench.up();
      const live = await bench.picture();
      const held = await bench.hold('delta');
      const client = bench.begin(['backup', 'team-ml', '--json']);
      await held.reached();
      await writeFile(bench.at('sick'), '');
      await held.letGo();
      await until('people are paged', async () => (await bench.pages()).includes('core services are down'), 90_000);
      const seen = await tell(bench);
      await rm(bench.at('sick'));
      await client.ended;
      await bench.settled();
      expect(await judge(bench, { live })).toEqual([]);
      return `while sick: ${seen}; then up again`;
    },
  },
  {
    fault: 'a service dies right after it was ready',
    injected: 'after the cut it ends half a second after its start; the budget is 8 s, the margin 2 s',
    expected: 'is never called up: pages, and is done once it is mended',
    async play(here) {
      const bench = await given(here, (at) => ({
        services: [
          SERVICES[0] ?? {},
          shell('db', `[ ! -e ${at('sick')} ] || { sleep 0.5; exit 1; }; exec sleep 86400`, {
            ready: { command: ['true'] },
          }),
        ],
        policy: { downtimeBudget: '8s', guardMargin: '2s' },
      }));
      await bench.up();
      const live = await bench.picture();
      const held = await bench.hold('delta');
      const client = bench.begin(['backup', 'team-ml', '--json']);
      await held.reached();
      await writeFile(bench.at('sick'), '');
      await held.letGo();
      await until('people are paged', async () => (await bench.pages()) !== '', 90_000);
      const seen = await tell(bench);
      await rm(bench.at('sick'));
      await client.ended;
      await bench.settled();
      expect(await judge(bench, { live })).toEqual([]);
      return `while sick: ${seen}; then up again`;
    },
  },
  {
    fault: 'an operator starts a program on the data during the cut',
    injected: 'a writer started by hand while services are down',
    expected: 'fails the cut: what it took is no backup',
    async play(here) {
      const bench = await given(here);
      await bench.up();
      await whileCutIsHeld(bench, async () => {
        startByHand(here, bench, [
          'sh',
          '-c',
          `exec 3>>${bench.at('team-ml/db/by-hand')}; : >${bench.at('begun')}; exec sleep 60`,
        ]);
        await until('it has the file open', () => existsSync(bench.at('begun')));
      });
      const ended = await bench.settled();
      expect(ended).toMatchObject({ status: 'failed', error: { code: 'not-quiet' } });
      expect(await judge(bench)).toEqual([]);
      return tell(bench, ended);
    },
  },
  {
    fault: 'an operator starts a service during the cut',
    injected: "the service's own start command, by hand, while services are down",
    expected: 'fails the cut, and leaves one of it running',
    async play(here) {
      const bench = await given(here, (at) => ({
        services: [
          {
            name: 'web',
            start: ['sh', '-c', `sleep 86400 & echo $! >${at('web.pid')}`],
            stop: ['sh', '-c', `kill $(cat ${at('web.pid')}); rm ${at('web.pid')}`],
            status: ['sh', '-c', `[ -e ${at('web.pid')} ] && kill -0 $(cat ${at('web.pid')})`],
            folder: '.',
          },
        ],
      }));
      const livesWeb = async () => isLiving(Number(await readFile(bench.at('web.pid'), 'utf8').catch(() => '0')));
      Object.assign(bench, { isUp: () => existsSync(bench.at('web.pid')) });
      await bench.up();
      await whileCutIsHeld(bench, () =>
        startByHand(here, bench, ['sh', '-c', `sleep 86400 & echo $! >web.pid`], { CML_TEST_FOLDER: bench.folder }),
      );
      const ended = await bench.settled();
      expect(ended).toMatchObject({ status: 'failed', error: { code: 'not-quiet' } });
      expect(await livesWeb()).toBe(true);
      expect(await judge(bench)).toEqual([]);
      return tell(bench, ended);
    },
  },
  {
    fault: 'services are told to start during the cut',
    injected: 'cml start while services are down',
    expected: 'refuses it naming the operation, and makes the backup',
    async play(here) {
      const bench = await given(here);
      await bench.up();
      const live = await bench.picture();
      let refused: { exitCode: number | null } = { exitCode: 0 };
      await whileCutIsHeld(bench, async () => {
        refused = await bench.sayJson(['start', 'team-ml']);
      });
      expect(refused).toMatchObject({ exitCode: 3, answer: { error: { code: 'workspace-busy' } } });
      const ended = await bench.settled();
      expect(ended).toMatchObject({ status: 'succeeded' });
      expect(hasStopped(ended)).toBe(true);
      expect(await judge(bench, { live })).toEqual([]);
      return tell(bench, ended);
    },
  },
];
