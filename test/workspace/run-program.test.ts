import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identify } from '../../src/process-identity.ts';
import type { Program, ProgramResult } from '../../src/program.ts';
import { createLocalRunProgram, endPrograms } from '../../src/workspace/local/run-program.ts';
import { describeRunProgram } from '../contracts/run-program.ts';
import { die, liveOnceWith as startLife } from '../mover/other-life.ts';
import { until } from '../mover/restic-world.ts';

let folder: string;
let lives: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cml-run-'));
  lives = [];
});

afterEach(async () => {
  for (const life of lives) life.kill('SIGKILL');
  await endPrograms(folder, { graceMs: 0 });
  await rm(folder, { recursive: true });
});

const shell = (script: string, more: Partial<Program> = {}): Program => ({
  key: 'work',
  command: 'sh',
  args: ['-c', script],
  ...more,
});

async function run(program: Program, signal?: AbortSignal): Promise<ProgramResult & { lines: string[] }> {
  const lines: string[] = [];
  const onLine = (line: string) => lines.push(line);
  const result = await createLocalRunProgram()(program, { folder, onLine, ...(signal ? { signal } : {}) });
  return { ...result, lines };
}

const note = (name: string) => join(folder, name);
const readNotes = async (name: string) =>
  existsSync(note(name)) ? (await readFile(note(name), 'utf8')).split('\n') : [];
const countStarts = async () => (await readNotes('starts')).filter((line) => line !== '').length;

/** Another process of ours runs the program; killing it is our own death. */
async function liveOnceWith(program: Program): Promise<ChildProcess> {
  const life = startLife(program, folder);
  lives.push(life);
  return life;
}

describeRunProgram('this machine', async () => {
  const own = await mkdtemp(join(tmpdir(), 'cml-run-'));
  const begun: ChildProcess[] = [];
  return {
    run: createLocalRunProgram(),
    folder: own,
    common: {},
    outside: (name) => join(own, name),
    inside: (name) => join(own, name),
    async live(program) {
      const life = startLife(program, own);
      begun.push(life);
      return { die: () => die(life) };
    },
    async dispose() {
      for (const life of begun) life.kill('SIGKILL');
      await endPrograms(own, { graceMs: 0 });
      await rm(own, { recursive: true });
    },
  };
});

describe('a program run locally', () => {
  it('gets only the small fixed environment and what the program names', async () => {
    const { lines } = await run(shell('env', { env: { COLOUR: 'blue' }, cwd: folder }));
    const names = lines.map((line) => line.split('=')[0]);
    expect(names).toContain('COLOUR');
    expect(new Set(names)).toEqual(
      new Set(
        ['CML_PROGRAM', 'COLOUR', 'HOME', 'LANG', 'OLDPWD', 'PATH', 'PWD', '_'].filter((name) => names.includes(name)),
      ),
    );
  });

  it('leads a session of its own', async () => {
    const { lines } = await run(shell('cut -d" " -f6 /proc/self/stat; cut -d" " -f6 /proc/$PPID/stat'));
    expect(lines[0]).toBe(lines[1]);
    expect(Number(lines[0])).not.toBe(process.pid);
  });

  it('rejects when there is no such program or folder to run it in', async () => {
    await expect(run({ key: 'none', command: 'no-such-program', args: [] })).rejects.toMatchObject({
      code: 'platform-unavailable',
    });
    await expect(run(shell('true', { cwd: note('gone') }))).rejects.toMatchObject({ code: 'platform-unavailable' });
  });

  it('is killed when it ignores SIGTERM for longer than its grace, with all that it started', async () => {
    const abort = new AbortController();
    const script = `trap '' TERM; setsid sh -c 'echo $$ > ${note('pid')}; while :; do sleep 0.02; done' & echo $$ > ${note('own')}; while :; do sleep 0.02; done`;
    const done = run(shell(script, { graceMs: 150 }), abort.signal);
    await until(async () => (await readNotes('pid')).length === 2 && (await readNotes('own')).length === 2);
    abort.abort(new Error('enough'));
    await expect(done).rejects.toThrow('enough');
    for (const name of ['pid', 'own']) expect(identify(Number((await readNotes(name))[0]))).toBeUndefined();
    expect((await run(shell('exit 3'))).exitCode).toBe(3);
  });

  it('answers SIGKILL when its wrapper is killed, and leaves nothing running', async () => {
    const done = run(shell(`echo $$ > ${note('own')}; while :; do sleep 0.02; done`, { graceMs: 100 }));
    await until(async () => (await readNotes('own')).length === 2);
    const own = Number((await readNotes('own'))[0]);
    const wrapper = JSON.parse(await readFile(note('work.run.json'), 'utf8')) as { pid: number };
    process.kill(wrapper.pid, 'SIGKILL');
    expect(await done).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
    expect(identify(own)).toBeUndefined();
  });
});

describe('a program whose starter died', () => {
  const waits = () =>
    shell(
      `echo x >> ${note('starts')}; echo begun; until [ -e ${note('go')} ]; do sleep 0.02; done; echo over; exit 5`,
    );

  it('runs again when it ended before the machine was restarted: its output may be lost', async () => {
    const program = waits();
    const life = await liveOnceWith(program);
    await until(async () => (await countStarts()) === 1);
    await die(life);
    await writeFile(note('go'), '');
    await until(() => existsSync(note('work.exit')));
    const claim = JSON.parse(await readFile(note('work.run.json'), 'utf8')) as object;
    await writeFile(note('work.run.json'), JSON.stringify({ ...claim, bootId: 'another boot' }));
    expect(await run(program)).toMatchObject({ exitCode: 5, lines: ['begun', 'over'] });
    expect(await countStarts()).toBe(2);
  });

  it('runs again when it vanished without a recorded end', async () => {
    const program = shell(`echo x >> ${note('starts')}; [ -e ${note('go')} ] || exec sleep 60`);
    const life = await liveOnceWith(program);
    await until(async () => (await countStarts()) === 1);
    await die(life);
    const { pid } = JSON.parse(await readFile(note('work.run.json'), 'utf8')) as { pid: number };
    process.kill(-pid, 'SIGKILL');
    await until(() => identify(pid) === undefined);
    await writeFile(note('go'), '');
    expect(await run(program)).toMatchObject({ exitCode: 0 });
    expect(await countStarts()).toBe(2);
  });

  it('runs what yields with less weight than the rest of the machine, in its own session and as a session', async () => {
    const look = 'cut -d" " -f19 /proc/self/stat; cat /proc/self/autogroup 2>/dev/null';
    const [plain, plainSession] = (await run(shell(look))).lines;
    const [yielding, yieldingSession] = (await run(shell(look, { yields: true }))).lines;
    expect(Number(yielding) - Number(plain)).toBe(10);
    const weighsSessions = existsSync('/proc/self/autogroup') && process.getuid?.() === 0;
    expect(plainSession).toEqual(weighsSessions ? expect.stringMatching(/ nice 0$/) : plainSession);
    expect(yieldingSession).toEqual(weighsSessions ? expect.stringMatching(/ nice 10$/) : yieldingSession);
    expect(await run(shell('exit 7', { yields: true }))).toMatchObject({ exitCode: 7 });
    expect(await run(shell('kill -USR1 $$', { yields: true }))).toMatchObject({ signal: 'SIGUSR1' });
  });

  it('never runs twice at once, whenever the starter died', async () => {
    const alone = note('alone');
    const program = shell(
      `if grep -sq 'State:.[^ZX]' /proc/$(cat ${alone} || echo none)/status; then touch ${note('twice')}; fi
      echo $$ > ${alone}; sleep 0.05; rm -f ${alone}`,
    );
    for (const round of [0, 1, 2]) {
      const life = await liveOnceWith(program);
      await until(() => existsSync(note('work.out')));
      await new Promise((wake) => setTimeout(wake, round * 3));
      await die(life);
      expect(await run(program)).toMatchObject({ exitCode: 0 });
      await rm(note('work.out'));
    }
    for (const round of [0, 1, 2, 3, 4, 5]) {
      // A wrapper that is still starting: what marks it is there, its claim is not.
      const script = `sleep 0.0${round}; exec sh -c "$0"`;
      const env = { PATH: process.env.PATH, CML_PROGRAM: note('work') };
      const stray = spawn('sh', ['-c', script, program.args[1] ?? ''], { env, detached: true, stdio: 'ignore' });
      await writeFile(note('work.out'), '');
      expect(await run(program)).toMatchObject({ exitCode: 0 });
      expect(identify(stray.pid ?? 0)).toBeUndefined();
    }
    expect(existsSync(note('twice'))).toBe(false);
  });
});

describe('ending the programs of a folder', () => {
  it('ends them and what they started, and only them', async () => {
    const script = (name: string) => `setsid sh -c 'echo $$ > ${note(name)}; exec sleep 60' & wait`;
    const ended = ['one', 'two'].map((key) => run({ ...shell(script(key)), key }));
    const other = await mkdtemp(join(tmpdir(), 'cml-run-'));
    const elsewhere = createLocalRunProgram()(shell(script('three')), { folder: other });
    const pids = async () =>
      (await Promise.all(['one', 'two', 'three'].map(readNotes))).map((lines) => Number(lines[0]));
    await until(async () => (await pids()).every((pid) => pid > 0));
    await endPrograms(folder);
    const [one = 0, two = 0, three = 0] = await pids();
    expect([identify(one), identify(two)]).toEqual([undefined, undefined]);
    expect(identify(three)).toBeDefined();
    for (const result of await Promise.all(ended)) expect(result).toMatchObject({ signal: 'SIGTERM' });
    await endPrograms(other);
    await elsewhere;
    await rm(other, { recursive: true });
  });

  it('does nothing for a folder that is not there', async () => {
    await endPrograms(note('nowhere'));
  });
});
