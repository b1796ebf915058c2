import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Program, ProgramResult, RunProgram } from '../../src/program.ts';
import { until } from '../mover/restic-world.ts';

/** Where programs run, and a folder that they and we see. */
export interface RunProgramWorld {
  readonly run: RunProgram;
  /** The operation's. */
  readonly folder: string;
  /** What every program gets besides. */
  readonly common: Partial<Program>;
  /** A file of the folder that both see: as we name it, and as a program does. */
  outside(name: string): string;
  inside(name: string): string;
  /** Another life of ours runs the program; it dies without an end when told. */
  live(program: Program): Promise<{ die(): Promise<void> }>;
  dispose(): Promise<void>;
}

/** What every platform's `run` does. */
export function describeRunProgram(name: string, create: () => Promise<RunProgramWorld>): void {
  let world: RunProgramWorld;

  beforeEach(async () => {
    world = await create();
  });
  afterEach(() => world.dispose());

  const shell = (script: string, more: Partial<Program> = {}): Program => ({
    ...{ key: 'work', command: 'sh', args: ['-c', script] },
    ...world.common,
    ...more,
  });
  const run = async (program: Program, signal?: AbortSignal): Promise<ProgramResult & { lines: string[] }> => {
    const lines: string[] = [];
    const onLine = (line: string) => lines.push(line);
    const result = await world.run(program, { folder: world.folder, onLine, ...(signal ? { signal } : {}) });
    return { ...result, lines };
  };
  const note = (name: string) => world.inside(name);
  const isNoted = (name: string) => existsSync(world.outside(name));
  const go = () => writeFile(world.outside('go'), '');
  const countStarts = async () =>
    isNoted('starts') ? (await readFile(world.outside('starts'), 'utf8')).split('\n').length - 1 : 0;
  const loop = 'while :; do sleep 0.02; done';

  describe(`a program run by ${name}`, () => {
    it('answers lines, errors and the exit code', async () => {
      const result = await run(shell('echo one; echo two; echo bad >&2; printf three; exit 7'));
      expect(result).toMatchObject({ exitCode: 7, signal: null, lines: ['one', 'two', 'three'], stderr: ['bad'] });
      expect(result.durationMs).toBeGreaterThanOrEqual(0);
    });

    it('keeps long lines whole while errors are written in between', async () => {
      const script = `for n in 1 2 3; do printf %040000d $n; echo; echo "bad $n" >&2; done; printf 'no end' >&2`;
      const { lines, stderr } = await run(shell(script));
      expect(lines.map((line) => [line.length, Number(line)])).toEqual([1, 2, 3].map((n) => [40_000, n]));
      expect(stderr).toEqual(['bad 1', 'bad 2', 'bad 3', 'no end']);
    });

    it('gets its words and variables as they are, dollars and quotes too', async () => {
      const env = { COLOUR: 'b$$l$(HOME)"ue\'' };
      const program = { ...shell(''), args: ['-c', 'printf "%s\\n" "$COLOUR" "$@"', 'a', '$(HOME) $$x', "it's"], env };
      expect((await run(program)).lines).toEqual([env.COLOUR, '$(HOME) $$x', "it's"]);
    });

    it('names the signal that ended it', async () => {
      expect(await run(shell('kill -USR1 $$'))).toMatchObject({ exitCode: null, signal: 'SIGUSR1' });
    });

    it('hands over lines while it runs', async () => {
      const seen: string[] = [];
      const program = shell(`echo early; until [ -e ${note('go')} ]; do sleep 0.02; done`);
      const done = world.run(program, { folder: world.folder, onLine: (line) => seen.push(line) });
      await until(() => seen.length === 1);
      await go();
      expect(await done).toMatchObject({ exitCode: 0 });
    });

    it('rejects when there is no such program', async () => {
      const absent = { ...shell(''), command: 'no-such-program', args: [] };
      await expect(run(absent)).rejects.toMatchObject({ code: 'platform-unavailable' });
    });

    it('hands a result out once: asked again, it runs again', async () => {
      const program = shell(`echo x >> ${note('starts')}; [ $(wc -l < ${note('starts')}) -ge 2 ]`);
      expect(await run(program)).toMatchObject({ exitCode: 1 });
      expect(await run(program)).toMatchObject({ exitCode: 0 });
      expect(await run(program)).toMatchObject({ exitCode: 0 });
      expect(await countStarts()).toBe(3);
    });

    it('is told SIGTERM when aborted, and the promise rejects with the reason once it has ended', async () => {
      const abort = new AbortController();
      const script = `trap 'echo told > ${note('told')}; exit 1' TERM; echo x > ${note('starts')}; ${loop}`;
      const done = run(shell(script), abort.signal);
      await until(() => isNoted('starts'));
      abort.abort(new Error('enough'));
      await expect(done).rejects.toThrow('enough');
      expect(isNoted('told')).toBe(true);
    });

    it('is killed when it ignores SIGTERM for longer than its grace, with all that it started', async () => {
      const abort = new AbortController();
      const beat = (name: string) => `while :; do echo x >> ${note(name)}; sleep 0.02; done`;
      const script = `trap '' TERM; setsid sh -c '${beat('child')}' & ${beat('own')}`;
      const done = run(shell(script, { graceMs: 1_000 }), abort.signal);
      await until(() => isNoted('child') && isNoted('own'));
      abort.abort(new Error('enough'));
      await expect(done).rejects.toThrow('enough');
      for (const name of ['child', 'own']) await rm(world.outside(name));
      expect((await run(shell('exit 3'))).exitCode).toBe(3);
      for (const name of ['child', 'own']) expect(isNoted(name)).toBe(false);
    });

    it('does not start when already aborted', async () => {
      const program = shell(`touch ${note('starts')}`);
      await expect(run(program, AbortSignal.abort(new Error('no')))).rejects.toThrow('no');
      expect(isNoted('starts')).toBe(false);
    });
  });

  describe(`a program run by ${name} whose starter died`, () => {
    const waits = () =>
      shell(
        `echo x >> ${note('starts')}; echo begun; until [ -e ${note('go')} ]; do sleep 0.02; done; echo over; touch ${note('over')}; exit 5`,
      );
    const startAndDie = async (program: Program) => {
      const before = await countStarts();
      const life = await world.live(program);
      await until(async () => (await countStarts()) > before);
      await life.die();
    };

    it('goes on and is adopted, from its first line to its exit code', async () => {
      const program = waits();
      await startAndDie(program);
      const done = run(program);
      await go();
      expect(await done).toMatchObject({ exitCode: 5, signal: null, lines: ['begun', 'over'] });
      expect(await countStarts()).toBe(1);
    });

    it('has its end kept when it ends while nobody looks', async () => {
      const program = waits();
      await startAndDie(program);
      await go();
      await until(() => isNoted('over'));
      expect(await run(program)).toMatchObject({ exitCode: 5, lines: ['begun', 'over'] });
      expect(await countStarts()).toBe(1);
    });

    it('is not adopted but ended first when the answer must be fresh, or something else is asked for under its key', async () => {
      const script = `trap '' TERM; while :; do echo x >> ${note('starts')}; sleep 0.02; done`;
      const program = shell(script, { graceMs: 1_000 });
      const other = `rm ${note('starts')}; sleep 0.2; [ -e ${note('starts')} ] || echo alone`;
      const graceMs = 1_000;
      for (const next of [shell(other, { graceMs }), shell(other, { graceMs, fresh: true })]) {
        await startAndDie(program);
        expect((await run(next)).lines).toEqual(['alone']);
      }
    });

    it('is ended when adopted with an aborted signal', async () => {
      const program = shell(`while :; do echo x >> ${note('starts')}; sleep 0.02; done`);
      await startAndDie(program);
      await expect(run(program, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
      await rm(world.outside('starts'));
      expect((await run(shell('sleep 0.1'))).exitCode).toBe(0);
      expect(isNoted('starts')).toBe(false);
    });
  });
}
