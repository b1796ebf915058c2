import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import type { BackupPlan } from '../../../src/records/plan.ts';
import { localSettings } from '../../../src/workspace/local/settings.ts';
import { walkProgram } from '../../../src/workspace/local/warm-up.ts';
import { type Bench, canMount, makeBench, makeFolder, OPERATION, readIfThere, supervised, wishes } from './bench.ts';

describe('settings', () => {
  const problems = (settings: object) =>
    localSettings
      .safeParse({ kind: 'local', ...settings })
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

  it('are complete with their defaults and read the same again', () => {
    const service = { name: 'web', command: ['node'], folder: '/srv', stop: { grace: '5s' } };
    const parsed = localSettings.parse({ kind: 'local', release: 1.4, services: [service] });
    expect(parsed.release).toBe('1.4');
    expect(parsed.services[0]).toMatchObject({
      startWithin: 60_000,
      stop: { signal: 'SIGTERM', grace: 5_000, kill: false },
    });
    expect(localSettings.parse(JSON.parse(JSON.stringify(parsed)))).toEqual(parsed);
  });

  it('name the mistake in a service where it stands', () => {
    expect(problems({ services: [{ name: 'web', command: ['node'], folder: '/', redy: {} }] })).toEqual([
      expect.stringContaining('services.0: Unrecognized key: "redy"'),
    ]);
    expect(problems({ services: [{ name: 'db', start: ['a'], stop: ['b'] }] })).toEqual([
      expect.stringContaining('services.0.status'),
    ]);
  });
});

describe('parts', () => {
  let bench: Bench;
  afterEach(() => bench.dispose());

  it('say how and why they are captured, and which are left out', async () => {
    bench = await makeBench(async (root) => ({
      volumes: [
        { name: 'db', path: await makeFolder(join(root, 'db')) },
        {
          name: 'big',
          path: await makeFolder(join(root, 'big')),
          snapshot: { make: ['true'], drop: ['true'], path: '/x' },
        },
      ],
      sharedFolders: [
        { name: 'datasets', path: await makeFolder(join(root, 'datasets')), location: 'external' },
        { name: 'scratch', path: join(root, 'scratch'), location: 'external', leaveOut: 'rebuilt nightly' },
      ],
    }));
    const { parts, leftOut } = await bench.platform.inspect();
    expect(parts.map(({ name, kind, location, capture }) => [name, kind, location, capture])).toEqual([
      ['db', 'volume', 'internal', 'two-pass'],
      ['big', 'volume', 'internal', 'snapshot'],
      ['datasets', 'shared-folder', 'external', 'two-pass'],
    ]);
    expect(parts.every(({ reason, freeBytes }) => reason.length > 10 && freeBytes > 0)).toBe(true);
    expect(leftOut).toEqual([{ name: 'scratch', reason: 'rebuilt nightly' }]);
  });

  it('say why a snapshot that was asked for cannot be made', async () => {
    bench = await makeBench(async (root) => ({
      volumes: [{ name: 'db', path: await makeFolder(join(root, 'db')), capture: 'snapshot' }],
    }));
    const [part] = (await bench.platform.inspect()).parts;
    expect(part).toMatchObject({ capture: 'snapshot', possible: ['two-pass', 'cold', 'after-start'] });
    expect(part?.reason).toContain('no commands for one are configured');
  });

  it('are made as snapshots once, and dropped, by the configured commands', async () => {
    bench = await makeBench(async (root) => ({
      services: [supervised('web')],
      volumes: [
        {
          name: 'big',
          path: await makeFolder(join(root, 'big'), { file: 'x' }),
          snapshot: {
            make: ['sh', '-c', `echo "make $CML_OPERATION $CML_PART" >> ${root}/calls; cp -a ${root}/big ${root}/snap`],
            drop: ['sh', '-c', `echo "drop $CML_OPERATION $CML_PART" >> ${root}/calls; rm -rf ${root}/snap`],
            path: join(root, 'snap'),
          },
        },
      ],
    }));
    const { platform, root } = bench;
    const quiet = await platform.stop(await platform.noteRunning(OPERATION));
    const plan = { parts: (await platform.inspect()).parts } as unknown as BackupPlan;
    const [first] = await platform.snapshot(OPERATION, plan, quiet);
    expect(first).toMatchObject({ part: 'big', path: join(root, 'snap') });
    expect(await bench.again().snapshot(OPERATION, plan, quiet)).toMatchObject([first ?? {}]);
    await expect(platform.snapshot(OPERATION, plan, { ...quiet, token: 'x' })).rejects.toMatchObject({
      code: 'not-quiet',
    });
    await platform.release(OPERATION);
    await platform.release(OPERATION);
    expect(existsSync(join(root, 'snap'))).toBe(false);
    expect(readFileSync(join(root, 'calls'), 'utf8')).toBe(`make ${OPERATION} big\ndrop ${OPERATION} big\n`);
  });

  it('are walked by a program that copes with odd names, and only where reading attributes is slow', async () => {
    bench = await makeBench(async (root) => ({
      volumes: [{ name: 'data', path: await makeFolder(join(root, 'da ta'), { '-x': '1', 'new\nline': '2' }) }],
    }));
    const { path } = bench.options.settings.volumes[0] ?? { path: '' };
    await makeFolder(join(path, 'sub folder', "it's"), { file: '3' });
    const folder = await makeFolder(join(bench.root, 'work'));
    expect(await bench.options.run(walkProgram({ name: 'data', path }, folder), { folder })).toMatchObject({
      exitCode: 0,
      stderr: [],
    });
    expect(await readdir(folder)).toEqual([]);
    await bench.platform.warmUp(OPERATION, (await bench.platform.inspect()).parts, join(bench.root, 'unused'));
    expect(existsSync(join(bench.root, 'unused'))).toBe(false);
  });

  it.runIf(canMount)(
    'are not staged when a file system is mounted inside, which moving them would carry off',
    async () => {
      bench = await makeBench(async (root) => ({
        volumes: [{ name: 'data', path: await makeFolder(join(root, 'data')) }],
      }));
      const inner = await makeFolder(join(bench.root, 'data', 'inner'));
      await execa('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'cml-test', inner]);
      try {
        const { warnings, parts } = await bench.platform.inspect();
        expect(warnings).toContainEqual(expect.stringContaining(inner));
        expect(parts[0]?.obstacle).toContain(inner);
        await expect(bench.platform.stage(OPERATION, wishes('data'))).rejects.toMatchObject({
          code: 'preflight-failed',
        });
      } finally {
        await execa('umount', [inner]);
      }
      expect((await bench.platform.inspect()).parts[0]).not.toHaveProperty('obstacle');
      expect(await bench.platform.stage(OPERATION, wishes('data'))).toHaveLength(1);
    },
  );

  it('are all released, each once, also when the snapshot of one cannot be dropped yet', async () => {
    bench = await makeBench(async (root) => ({
      volumes: await Promise.all(
        ['one', 'two', 'three'].map(async (name) => ({
          name,
          path: await makeFolder(join(root, name)),
          snapshot: {
            make: ['mkdir', join(root, `${name}-snap`)],
            drop: ['sh', '-c', `echo $CML_PART >> ${root}/calls; test $CML_PART != one -o -e ${root}/may`],
            path: join(root, `${name}-snap`),
          },
        })),
      ),
    }));
    const { platform, root } = bench;
    const [stage] = await platform.stage(OPERATION, wishes('two'));
    const quiet = await platform.stop(await platform.noteRunning(OPERATION));
    const plan = { parts: (await platform.inspect()).parts } as unknown as BackupPlan;
    await platform.snapshot(OPERATION, plan, quiet);
    await expect(platform.release(OPERATION)).rejects.toMatchObject({ code: 'platform-unavailable' });
    expect(existsSync(stage?.path ?? '')).toBe(false);
    await writeFile(join(root, 'may'), '');
    await platform.release(OPERATION);
    await platform.release(OPERATION);
    expect(readFileSync(join(root, 'calls'), 'utf8')).toBe('one\ntwo\nthree\none\n');
  });

  it('make a snapshot anew that was begun and not finished', async () => {
    bench = await makeBench(async (root) => ({
      volumes: [
        {
          name: 'big',
          path: await makeFolder(join(root, 'big')),
          snapshot: {
            make: ['sh', '-c', `echo make >> ${root}/calls; test -e ${root}/may || exit 1; mkdir ${root}/snap`],
            drop: ['sh', '-c', `echo drop >> ${root}/calls; rm -rf ${root}/snap`],
            path: join(root, 'snap'),
          },
        },
      ],
    }));
    const { platform, root } = bench;
    const quiet = await platform.stop(await platform.noteRunning(OPERATION));
    const plan = { parts: (await platform.inspect()).parts } as unknown as BackupPlan;
    await expect(platform.snapshot(OPERATION, plan, quiet)).rejects.toMatchObject({ code: 'platform-unavailable' });
    await writeFile(join(root, 'may'), '');
    await platform.snapshot(OPERATION, plan, quiet);
    expect(readFileSync(join(root, 'calls'), 'utf8')).toBe('make\ndrop\nmake\n');
  });
});

describe('the definition', () => {
  it('keeps content, mode and absence of its files, in a file that only its owner reads', async () => {
    const bench = await makeBench((root) => ({ definition: { files: [join(root, 'env'), join(root, 'none')] } }));
    const at = (name: string) => join(bench.root, name);
    try {
      await writeFile(at('env'), Buffer.from([0, 255, 10, 200]));
      chmodSync(at('env'), 0o640);
      const captured = await bench.platform.captureDefinition(at('out'));
      expect(captured.release).toBe('1.4');
      expect(statSync(captured.path).mode & 0o7777).toBe(0o600);
      await rm(at('env'));
      await writeFile(at('none'), 'appeared');
      await bench.platform.applyDefinition(captured.path);
      expect(await readFile(at('env'))).toEqual(Buffer.from([0, 255, 10, 200]));
      expect(statSync(at('env')).mode & 0o7777).toBe(0o640);
      expect(existsSync(at('none'))).toBe(false);
    } finally {
      await bench.dispose();
    }
  });

  it('writes only where the present configuration allows', async () => {
    const bench = await makeBench((root) => ({ definition: { files: [join(root, 'env')] } }));
    const at = (name: string) => join(bench.root, name);
    try {
      await writeFile(at('env'), 'good');
      const { path } = await bench.platform.captureDefinition(at('out'));
      await writeFile(path, (await readFile(path, 'utf8')).replace(at('env'), at('foreign')));
      await bench.platform.applyDefinition(path);
      expect(await readIfThere(at('foreign'))).toBeUndefined();
      await writeFile(path, '{}');
      await expect(bench.platform.applyDefinition(path)).rejects.toMatchObject({ code: 'platform-unavailable' });
    } finally {
      await bench.dispose();
    }
  });
});
