import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PartPlan } from '../../../src/records/plan.ts';
import { locate, parseMounts } from '../../../src/workspace/local/mounts.ts';
import { writableMappings } from '../../../src/workspace/local/writers.ts';
import type { Quiet } from '../../../src/workspace/platform.ts';
import { type Bench, canMount, commanded, makeBench, makeFolder, OPERATION, supervised, until } from './bench.ts';

describe('the proof of quiet', () => {
  let bench: Bench;
  let data: string;
  let parts: readonly PartPlan[];
  let quiet: Quiet;
  const strangers: ChildProcess[] = [];

  beforeEach(async () => {
    bench = await makeBench(async (root) => ({
      services: [supervised('web'), commanded('db', join(root, 'db-runs'))],
      volumes: [{ name: 'data', path: await makeFolder(join(root, 'data'), { file: 'text' }) }],
    }));
    data = join(bench.root, 'data');
    quiet = await bench.platform.stop(await bench.platform.noteRunning(OPERATION));
    parts = (await bench.platform.inspect()).parts;
  });
  afterEach(async () => {
    for (const stranger of strangers.splice(0)) stranger.kill('SIGKILL');
    await bench.dispose();
  });

  /** Runs until it is killed; a file beside the part says that it has opened what it wants. */
  async function run(script: string): Promise<ChildProcess> {
    const sign = join(bench.root, `opened-${strangers.length}`);
    const stranger = spawn('sh', ['-c', script, 'sh', data, sign], { stdio: 'ignore' });
    strangers.push(stranger);
    await until('the stranger has opened its file', () => existsSync(sign));
    return stranger;
  }

  const refusal = (file: string, pid?: number) => ({
    code: 'not-quiet',
    message: expect.stringMatching(new RegExp(`process ${pid ?? '\\d+'} .*${file}.* of data`)),
  });

  it('names the process that holds a file open for writing, and the file', async () => {
    const stranger = await run('exec 3>>"$1/file"; touch "$2"; exec sleep 100');
    await expect(bench.platform.proveQuiet(quiet, parts)).rejects.toMatchObject(refusal('data/file', stranger.pid));
    stranger.kill('SIGKILL');
    await until('it is quiet again', () =>
      bench.platform.proveQuiet(quiet, parts).then(
        () => true,
        () => false,
      ),
    );
  });

  it('finds a writer to a file whose name ends as that of a deleted one', async () => {
    await run('exec 3>>"$1/file (deleted)"; touch "$2"; exec sleep 100');
    await expect(bench.platform.proveQuiet(quiet, parts)).rejects.toMatchObject(refusal('file \\(deleted\\)'));
  });

  it('finds a writer to a file that lost one of its names, and none to one that lost its last', async () => {
    await run('exec 3>>"$1/gone"; rm "$1/gone"; touch "$2"; exec sleep 100');
    await bench.platform.proveQuiet(quiet, parts);
    await run('exec 3>>"$1/first"; ln "$1/first" "$1/second"; rm "$1/first"; touch "$2"; exec sleep 100');
    await expect(bench.platform.proveQuiet(quiet, parts)).rejects.toMatchObject(refusal('first'));
  });

  it.runIf(canMount)('finds a loop device that may write to a file', async () => {
    await execa('truncate', ['-s', '1M', join(data, 'disk')]);
    const attach = (...more: string[]) => execa('losetup', ['--find', '--show', ...more, join(data, 'disk')]);
    const { stdout: device } = await attach();
    try {
      await expect(bench.platform.proveQuiet(quiet, parts)).rejects.toMatchObject({
        code: 'not-quiet',
        message: expect.stringMatching(/^the loop device loop\d+ has .*data\/disk of data open for writing$/),
      });
    } finally {
      await execa('losetup', ['--detach', device]);
    }
    const { stdout: readOnly } = await attach('--read-only');
    try {
      await bench.platform.proveQuiet(quiet, parts);
    } finally {
      await execa('losetup', ['--detach', readOnly]);
    }
  });

  it('has nothing against a reader', async () => {
    await run('exec 3<"$1/file"; touch "$2"; exec sleep 100');
    await bench.platform.proveQuiet(quiet, parts);
  });

  it('has nothing against a writer beside the part', async () => {
    await mkdir(`${data}-2`);
    await run('exec 3>"$1-2/file"; touch "$2"; exec sleep 100');
    await bench.platform.proveQuiet(quiet, parts);
  });

  it('finds a writer through a symbolic link', async () => {
    await symlink(data, join(bench.root, 'alias'));
    await run('exec 3>>"$1/../alias/file"; touch "$2"; exec sleep 100');
    await expect(bench.platform.proveQuiet(quiet, parts)).rejects.toMatchObject(refusal('data/file'));
  });

  it('finds a writable shared mapping whose file was closed', () => {
    const maps = [
      '5581-5582 r--p 00000000 08:02 173521 /usr/bin/db',
      '7f01-7f02 rw-s 00000000 08:02 4711   /srv/data/shared file',
      '7f02-7f03 r--s 00000000 08:02 4712   /srv/data/only-read',
      '7f03-7f04 rw-p 00000000 08:02 4713   /srv/data/own-copy',
      '7f04-7f05 rw-s 00000000 00:01 99     /dev/shm/x',
      '007f05-007f06 rw-s 00000000 08:02 4714   /srv/data/gone (deleted)',
      '7f06-7f07 rw-s 00000000 08:02 4715   /srv/data/other name (deleted)',
      '7f07-7f08 rw-s 00000000 08:02 4716   /srv/new\\012line/file',
      '7ffc-7ffd rw-p 00000000 00:00 0      [stack]',
    ].join('\n');
    const isGone = (_file: string, addresses: string) => addresses === '7f05-7f06';
    expect(writableMappings(maps, isGone)).toEqual([
      '/srv/data/shared file',
      '/srv/data/other name (deleted)',
      '/srv/new\nline/file',
    ]);
  });

  it.runIf(canMount)('finds a writer in another mount space that knows the part by another name', async () => {
    await makeFolder(join(bench.root, 'elsewhere'));
    const inside = 'mount --bind "$1" "$1/../elsewhere" && exec 3>>"$1/../elsewhere/file"; touch "$2"; exec sleep 100';
    const sign = join(bench.root, 'opened-0');
    const stranger = spawn('unshare', ['--mount', 'sh', '-c', inside, 'sh', data, sign], { stdio: 'ignore' });
    strangers.push(stranger);
    await until('the stranger has opened its file', () => existsSync(sign));
    await expect(bench.platform.proveQuiet(quiet, parts)).rejects.toMatchObject(refusal('elsewhere/file'));
  });

  it('is refused when a stopped service runs again, whoever started it', async () => {
    await writeFile(join(bench.root, 'db-runs'), '');
    await expect(bench.platform.proveQuiet(quiet, parts)).rejects.toMatchObject({
      code: 'not-quiet',
      message: expect.stringContaining('db'),
    });
  });

  it('is refused with the token of another quiet time', async () => {
    await expect(bench.platform.proveQuiet({ ...quiet, token: 'x' }, parts)).rejects.toMatchObject({
      code: 'not-quiet',
    });
  });

  it('does not mind a part that is missing', async () => {
    await bench.platform.proveQuiet(quiet, [{ name: 'gone', path: join(bench.root, 'gone') } as PartPlan]);
  });

  it('counts files that are hard links once each and leaves our own folders out', async () => {
    await link(join(data, 'file'), join(data, 'again'));
    await makeFolder(join(data, '.cml-op_0000000009-displaced'), { ours: 'x' });
    const [part] = (await bench.platform.inspect({ count: true })).parts;
    expect(part).toMatchObject({ files: 2, bytes: 8, exclude: [join(data, '.cml-op_0000000009-displaced')] });
  });
});

describe('the place of a file', () => {
  const mounts = parseMounts(
    [
      '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
      '30 22 8:2 /deep /srv/my\\040data rw shared:2 - xfs /dev/sdb1 rw',
      '31 22 8:1 /home/x /mnt/x rw shared:1 - ext4 /dev/sda1 rw',
    ].join('\n'),
  );

  it('is the same through a bind mount', () => {
    expect(locate('/mnt/x/file', mounts)).toEqual({ device: '8:1', path: '/home/x/file' });
    expect(locate('/home/x/file', mounts)).toEqual({ device: '8:1', path: '/home/x/file' });
  });

  it('counts from the root of its file system', () => {
    expect(locate('/srv/my data/a/b', mounts)).toEqual({ device: '8:2', path: '/deep/a/b' });
    expect(locate('/srv/my data', mounts)).toEqual({ device: '8:2', path: '/deep' });
    expect(locate('/', mounts)).toEqual({ device: '8:1', path: '/' });
  });
});

it.runIf(canMount)('sees through a bind mount in the same mount space', async () => {
  const bench = await makeBench(async (root) => ({
    volumes: [{ name: 'data', path: await makeFolder(join(root, 'data'), { file: 'text' }) }],
  }));
  const alias = await makeFolder(join(bench.root, 'alias'));
  await execa('mount', ['--bind', join(bench.root, 'data'), alias]);
  const stranger = spawn('sh', ['-c', `exec 3>>${alias}/file; touch ${bench.root}/opened; exec sleep 100`]);
  try {
    const quiet = await bench.platform.stop(await bench.platform.noteRunning(OPERATION));
    await until('opened', () => existsSync(join(bench.root, 'opened')));
    const { parts } = await bench.platform.inspect();
    await expect(bench.platform.proveQuiet(quiet, parts)).rejects.toMatchObject({ code: 'not-quiet' });
  } finally {
    stranger.kill('SIGKILL');
    await until(
      'the alias is unmounted',
      async () => (await execa('umount', [alias], { reject: false })).exitCode === 0,
    );
    await bench.dispose();
  }
});
