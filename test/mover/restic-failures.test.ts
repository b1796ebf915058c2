import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explain } from '../../src/errors.ts';
import type { MoveOptions } from '../../src/mover/mover.ts';
import { createResticMover } from '../../src/mover/restic/restic-mover.ts';
import type { RunProgram } from '../../src/program.ts';
import { candidates, createResticWorld, type ResticWorld, until } from './restic-world.ts';

const isRoot = process.getuid?.() === 0;

describe('restic when things go wrong', () => {
  let world: ResticWorld;
  let calls = 0;
  const options = (more: Partial<MoveOptions> = {}): MoveOptions => ({
    folder: world.folder,
    key: `call-${++calls}`,
    ...more,
  });
  const at = (name: string) => join(world.root, name);
  const request = (name: string) => ({ paths: [at(name)], exclude: [], tags: [name] });
  /** Whole locks; one that is just being written has a longer name. */
  const locks = async () =>
    (await readdir(join(world.settings.location, 'locks'))).filter((name) => /^[0-9a-f]{64}$/.test(name));

  beforeAll(async () => {
    world = await createResticWorld();
    await world.mover.init(options());
    await world.writeTree(at('small'), { file: 'f' });
  });

  afterAll(() => world.dispose());

  it('names an unreadable file and copies the rest', async () => {
    await world.writeTree(at('partly'), { 'secret [1]': 's', open: 'o' });
    await chmod(at('partly/secret [1]'), 0);
    // Root reads everything, unless it gives that up.
    const bounded: RunProgram = (program, runOptions) =>
      world.run(
        isRoot
          ? {
              ...program,
              command: 'setpriv',
              args: ['--bounding-set=-dac_override,-dac_read_search', program.command, ...program.args],
            }
          : program,
        runOptions,
      );
    const made = await world.moverWith({ run: bounded }).copy(request('partly'), options());
    expect(made).toMatchObject({ files: 1, bytes: 1, unreadable: [at('partly/secret [1]')] });
  });

  it('counts an unreadable entry that restic does not name against every path', async () => {
    const silent: RunProgram = async (program, runOptions) => {
      const result = await world.run(program, runOptions);
      return program.args.includes('backup') ? { ...result, exitCode: 3, stderr: ['something was odd'] } : result;
    };
    const made = await world.moverWith({ run: silent }).copy(request('small'), options());
    expect(made.unreadable).toEqual([`${at('small')}/(not everything could be read: something was odd)`]);
  });

  it('says that a password does not open the repository', async () => {
    const passwordFile = join(world.base, 'wrong');
    await writeFile(passwordFile, 'wrong\n');
    const wrong = world.moverWith({ settings: { passwordFile } });
    await expect(wrong.list([], options())).rejects.toMatchObject({ code: 'repository-password', retryable: false });
    await expect(wrong.init(options())).rejects.toMatchObject({ code: 'repository-password' });
    await writeFile(passwordFile, '');
    await expect(wrong.list([], options())).rejects.toMatchObject({ code: 'repository-password' });
    const absent = world.moverWith({ settings: { passwordFile: join(world.base, 'nowhere') } });
    await expect(absent.list([], options())).rejects.toMatchObject({ code: 'repository-password' });
  });

  it('takes the password from a command, its words as they are written', async () => {
    const command = join(world.base, 'pass word.sh');
    await writeFile(command, '#!/bin/sh\n[ "$1" = "it\'s me" ] && [ "$2" = \'a "b" \\c\' ] && echo correct horse\n');
    await chmod(command, 0o700);
    const passwordCommand = [command, "it's me", 'a "b" \\c'];
    const mover = world.moverWith({ settings: { passwordFile: undefined, passwordCommand } });
    expect(await mover.list(['none'], options())).toEqual([]);
  });

  it('keeps passwords out of arguments and environment, and logins out of sentences', async () => {
    const seen: string[] = [];
    const refusing: RunProgram = async (program, runOptions) => {
      if (program.args.includes('version')) return await world.run(program, runOptions);
      seen.push(JSON.stringify(program));
      return { exitCode: 10, signal: null, stderr: [], durationMs: 0 };
    };
    const remote = world.moverWith({ settings: { location: 'rest:http://user:pass@127.0.0.1/' }, run: refusing });
    const refusal = await remote.list([], options()).catch((error: unknown) => explain(error));
    expect(refusal).toContain('rest:http://127.0.0.1/');
    expect(seen.join()).toContain('RESTIC_PASSWORD_FILE');
    expect(seen.join()).not.toContain('correct horse');
  });

  it('says that the repository is gone', async () => {
    const gone = world.moverWith({ settings: { location: join(world.base, 'nowhere') } });
    await expect(gone.copy(request('small'), options())).rejects.toMatchObject({ code: 'repository-missing' });
  });

  it('refuses a damaged repository when checked', async () => {
    const damaged = await createResticWorld();
    await damaged.mover.init({ folder: damaged.folder, key: 'init' });
    await damaged.writeTree(join(damaged.root, 'x'), { file: 'f' });
    const place = { paths: [join(damaged.root, 'x')], exclude: [], tags: [] };
    await damaged.mover.copy(place, { folder: damaged.folder, key: 'copy' });
    const data = join(damaged.settings.location, 'data');
    const packs = (await readdir(data, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    for (const pack of packs) await rm(join(pack.parentPath, pack.name), { force: true });
    const checked = damaged.mover.check({ folder: damaged.folder, key: 'check' });
    await expect(checked).rejects.toMatchObject({ code: 'repository-damaged' });
    await damaged.dispose();
  });

  it('removes the lock of a dead owner and goes on', async () => {
    await mkdir(at('killed'), { recursive: true });
    await writeFile(at('killed/big'), '');
    await truncate(at('killed/big'), 40e9);
    const killed = options({ key: 'killed' });
    const copying = world.mover.copy(request('killed'), killed).catch((error: unknown) => error);
    await until(async () => (await locks()).length > 0);
    const { pid } = JSON.parse(await readFile(join(world.folder, 'killed.run.json'), 'utf8')) as { pid: number };
    process.kill(-pid, 'SIGKILL');
    expect(await copying).toMatchObject({ code: 'mover-unavailable', retryable: true });
    expect(await locks()).toHaveLength(1);
    // Refused for as long as the dead process has not been reaped, which is why this is worth a retry.
    await until(() =>
      world.mover.forget(['0'.repeat(64)], options()).then(
        () => true,
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'repository-held', retryable: true });
          return false;
        },
      ),
    );
    expect(await locks()).toHaveLength(0);
  });

  it('refuses at once while another program holds the repository', async () => {
    await until(async () => (await locks()).length === 0);
    const abort = new AbortController();
    const holding = world.mover.copy(request('killed'), options({ signal: abort.signal })).catch(() => 'ended');
    await until(async () => (await locks()).length > 0);
    await expect(world.mover.forget(['0123abcd'], options())).rejects.toMatchObject({
      code: 'repository-held',
      retryable: true,
    });
    const patient = world.moverWith({ settings: { lockWait: 60_000 } });
    const waiting = patient.forget(['0123abcd'], options({ key: 'waits' }));
    await until(async () => (await readFile(join(world.folder, 'waits.err'), 'utf8').catch(() => '')).includes('lock'));
    abort.abort(new Error('enough'));
    expect(await holding).toBe('ended');
    await waiting;
  });

  it('ends within its grace when aborted, without leaving a lock', async () => {
    const abort = new AbortController();
    const copying = world.mover.copy(request('killed'), options({ signal: abort.signal }));
    await until(async () => (await locks()).length > 0);
    abort.abort(new Error('enough'));
    await expect(copying).rejects.toThrow('enough');
    expect(await locks()).toEqual([]);
  });

  it.skipIf(!isRoot)('says that there is no space left', async () => {
    const place = join(world.base, 'tiny');
    await mkdir(place);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'cml-tiny', place]);
    try {
      const mover = world.moverWith({ settings: { location: join(place, 'repository') } });
      await mover.init(options());
      await mkdir(at('noise'));
      await writeFile(at('noise/file'), randomBytes(8e6));
      await expect(mover.copy(request('noise'), options())).rejects.toMatchObject({ code: 'disk-full' });
    } finally {
      execFileSync('umount', [place]);
    }
  });
});

describe('finding restic', () => {
  it('takes the first that is new enough, and names what it found when none is', async () => {
    const world = await createResticWorld();
    const old = join(world.base, 'old-restic');
    await writeFile(old, '#!/bin/sh\necho restic 0.14.0 compiled with go1.19 on linux/amd64\n', { mode: 0o700 });
    const mover = (places: readonly string[]) =>
      createResticMover({
        settings: world.settings,
        workspace: 'team-ml',
        run: world.run,
        candidates: places,
        cacheFolder: join(world.base, 'cache'),
      });
    const missing = join(world.base, 'none');
    expect(await mover([missing, old, ...candidates]).probe()).toMatchObject({ name: 'restic' });
    const refused = mover([missing, old]).probe();
    await expect(refused).rejects.toMatchObject({
      code: 'mover-missing',
      message: `No usable restic: ${missing} is not there or is not restic, ${old} is 0.14.0`,
      hint: expect.stringContaining('scripts/get-restic.sh'),
    });
    await expect(mover([old]).list([], { folder: world.folder, key: 'list' })).rejects.toMatchObject({
      code: 'mover-missing',
    });
    await world.dispose();
  });
});
