import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BackupPlan } from '../../../src/records/plan.ts';
import { subvolumesInside } from '../../../src/workspace/local/btrfs.ts';
import type { WorkspacePlatform } from '../../../src/workspace/platform.ts';
import { type BtrfsVolume, hasBtrfs, makeBtrfsVolume } from '../../btrfs-volume.ts';
import { type Bench, makeBench, makeFolder, OPERATION, OTHER_OPERATION, supervised } from './bench.ts';

describe.runIf(hasBtrfs)('btrfs subvolumes as parts', () => {
  let volume: BtrfsVolume;
  let bench: Bench;
  let folder: string;
  let count = 0;

  beforeAll(async () => {
    volume = await makeBtrfsVolume();
  });
  afterAll(() => volume.dispose());

  /** `data` lies in a folder of the volume, `projects` is mounted. */
  beforeEach(async () => {
    folder = `t${++count}`;
    await writeFile(join(await volume.subvolume(folder, 'data'), 'file'), 'old');
    bench = await makeBench(async (root) => {
      await volume.mount(await volume.subvolume(folder, 'projects'), join(root, 'projects'));
      await writeFile(join(root, 'projects', 'file'), 'old');
      return {
        services: [supervised('web')],
        volumes: [{ name: 'data', path: join(volume.top, folder, 'data') }],
        sharedFolders: [{ name: 'projects', path: join(root, 'projects') }],
      };
    });
  });
  afterEach(async () => {
    await execa('umount', [projects()]);
    await bench.dispose();
  });

  const data = (...names: string[]) => join(volume.top, folder, 'data', ...names);
  const projects = (...names: string[]) => join(bench.root, 'projects', ...names);
  const dataSnapshot = () => join(volume.top, folder, '.cml-op_snapshot-data');
  const projectsSnapshot = () => projects('.cml-op_snapshot');
  const made = async () => (await volume.subvolumes()).filter((path) => path.includes('.cml-'));
  const planOf = async (platform: WorkspacePlatform) =>
    ({ parts: (await platform.inspect()).parts }) as unknown as BackupPlan;
  const quieten = async (operationId = OPERATION) => bench.platform.stop(await bench.platform.noteRunning(operationId));
  const take = async (platform = bench.platform, operationId = OPERATION) => {
    const quiet = await quieten(operationId);
    return {
      quiet,
      plan: await planOf(platform),
      snapshots: await platform.snapshot(operationId, await planOf(platform), quiet),
    };
  };

  it('are captured by snapshot unasked, and say why', async () => {
    const { parts } = await bench.platform.inspect();
    expect(parts.map(({ capture, reason }) => `${capture}: ${reason}`)).toEqual(
      Array(2).fill('snapshot: it is a btrfs subvolume: its snapshot takes no time'),
    );
    expect(parts.map(({ possible }) => possible[0])).toEqual(['snapshot', 'snapshot']);
    expect(await made()).toEqual([]);
  });

  it('keep what was there, whatever is written afterwards, at the same path for every operation', async () => {
    const beganAt = Date.now();
    const { snapshots } = await take();
    await writeFile(data('file'), 'new');
    await writeFile(projects('file'), 'new');
    expect(snapshots).toMatchObject([
      { part: 'data', path: dataSnapshot() },
      { part: 'projects', path: projectsSnapshot() },
    ]);
    for (const { path, takenAt } of snapshots) {
      expect(readFileSync(join(path, 'file'), 'utf8')).toBe('old');
      expect(lstatSync(join(path, 'file')).ino).toBe(lstatSync(data('file')).ino);
      expect(Date.parse(takenAt)).toBeGreaterThanOrEqual(beganAt);
      expect(Date.parse(takenAt)).toBeLessThanOrEqual(Date.now());
      await expect(writeFile(join(path, 'more'), '')).rejects.toMatchObject({ code: 'EROFS' });
    }
    expect(existsSync(join(projectsSnapshot(), '.cml-op_snapshot'))).toBe(false);
    await bench.platform.release(OPERATION);
    await bench.platform.release(OPERATION);
    expect(await made()).toEqual([]);
    await bench.platform.start((await bench.platform.readNote()) ?? (await bench.platform.noteRunning(OPERATION)));
    const later = await take(bench.platform, OTHER_OPERATION);
    expect(later.snapshots.map(({ path }) => path)).toEqual(snapshots.map(({ path }) => path));
    expect(readFileSync(join(dataSnapshot(), 'file'), 'utf8')).toBe('new');
    await bench.platform.release(OTHER_OPERATION);
  });

  it('are answered as they are to the next life of the same quiet time', async () => {
    const { quiet, plan, snapshots } = await take();
    await writeFile(data('file'), 'new');
    expect(await bench.again().snapshot(OPERATION, plan, quiet)).toEqual(snapshots);
    expect(readFileSync(join(dataSnapshot(), 'file'), 'utf8')).toBe('old');
    await bench.again().release(OPERATION);
    expect(await made()).toEqual([]);
  });

  it.each(['before', 'after'])(
    'are taken anew by the next life when the one before died %s making one',
    async (when) => {
      const { quiet, plan } = await take();
      const record = join(bench.folder, `snapshots-${OPERATION}.json`);
      await writeFile(record, readFileSync(record, 'utf8').replaceAll('"made"', '"making"'));
      if (when === 'before') await execa('btrfs', ['subvolume', 'delete', dataSnapshot()]);
      await writeFile(data('file'), 'new');
      await bench.again().snapshot(OPERATION, plan, quiet);
      expect(readFileSync(join(dataSnapshot(), 'file'), 'utf8')).toBe('new');
      await bench.again().release(OPERATION);
      expect(await made()).toEqual([]);
    },
  );

  it('are dropped when the life that began to make them died', async () => {
    await take();
    const record = join(bench.folder, `snapshots-${OPERATION}.json`);
    await writeFile(record, readFileSync(record, 'utf8').replaceAll('"made"', '"making"'));
    await bench.again().release(OPERATION);
    expect(await made()).toEqual([]);
    expect(existsSync(record)).toBe(false);
  });

  it('are made anew over what an operation left, which then drops nothing of others when it is released late', async () => {
    await take();
    await bench.platform.start(await bench.platform.noteRunning(OPERATION));
    await writeFile(data('file'), 'new');
    const { plan } = await take(bench.platform, OTHER_OPERATION);
    expect(plan.parts.find(({ name }) => name === 'projects')?.exclude).toContain(projectsSnapshot());
    await bench.platform.release(OPERATION);
    expect(readFileSync(join(dataSnapshot(), 'file'), 'utf8')).toBe('new');
    expect(existsSync(join(projectsSnapshot(), 'file'))).toBe(true);
    await bench.platform.release(OTHER_OPERATION);
    expect(await made()).toEqual([]);
  });

  it('touch nothing that is not a snapshot of ours', async () => {
    await makeFolder(dataSnapshot(), { precious: 'x' });
    const quiet = await quieten();
    const plan = await planOf(bench.platform);
    await expect(bench.platform.snapshot(OPERATION, plan, quiet)).rejects.toMatchObject({
      code: 'platform-unavailable',
      message: expect.stringContaining('in the way'),
    });
    expect(readFileSync(join(dataSnapshot(), 'precious'), 'utf8')).toBe('x');
    await execa('rm', ['-r', dataSnapshot()]);
    await bench.platform.release(OPERATION);
  });

  it('are copied in two passes when a snapshot would lack something', async () => {
    await volume.subvolume(folder, 'data', 'inner');
    const tmpfs = await makeFolder(projects('mounted'));
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'cml-test', tmpfs]);
    try {
      const [first, second] = (await bench.platform.inspect()).parts;
      expect(first).toMatchObject({ capture: 'two-pass', possible: ['two-pass', 'cold', 'after-start'] });
      expect(first?.reason).toContain(`would lack the subvolumes inside: ${folder}/data/inner`);
      expect(second).toMatchObject({ capture: 'two-pass', reason: expect.stringContaining(tmpfs) });
    } finally {
      await execa('umount', [tmpfs]);
    }
  });

  it('fail the cut when a subvolume appeared inside since the plan', async () => {
    const plan = await planOf(bench.platform);
    const quiet = await quieten();
    await volume.subvolume(folder, 'data', 'inner');
    await expect(bench.platform.snapshot(OPERATION, plan, quiet)).rejects.toMatchObject({ code: 'plan-changed' });
    await bench.platform.release(OPERATION);
    expect(await made()).toEqual([]);
  });

  it('say so when a folder is no subvolume, and when the program is missing', async () => {
    await mkdir(join(volume.top, folder, 'plain'));
    const volumes = [{ name: 'plain', path: join(volume.top, folder, 'plain') }];
    const { platform, dispose } = await makeBench(() => ({ volumes }));
    try {
      const [part] = (await platform.inspect()).parts;
      expect(part).toMatchObject({
        capture: 'two-pass',
        reason: expect.stringContaining('not a subvolume of its own'),
      });
    } finally {
      await dispose();
    }
    await expect(subvolumesInside(data(), 'btrfs-is-not-here')).rejects.toMatchObject({
      code: 'platform-unavailable',
      message: expect.stringContaining('btrfs-progs'),
    });
  });

  it('are swapped with the subvolumes inside, which go when what was displaced is dropped', async () => {
    await writeFile(join(await volume.subvolume(folder, 'data', 'inner'), 'deep'), 'old');
    await volume.subvolume(folder, 'data', 'inner', 'innermost');
    await execa('btrfs', ['property', 'set', '-ts', data('inner', 'innermost'), 'ro', 'true']);
    const swapIn = async (operationId: string) => {
      const staged = await bench.platform.stage(operationId, [{ part: 'data' }]);
      await writeFile(join(staged[0]?.path ?? '', 'file'), 'new');
      await bench.platform.commit(operationId, staged, await quieten(operationId));
    };
    await swapIn(OPERATION);
    expect(existsSync(data('inner'))).toBe(false);
    await bench.platform.revert(OPERATION);
    expect(readFileSync(data('inner', 'deep'), 'utf8')).toBe('old');
    await bench.platform.start(await bench.platform.noteRunning(OPERATION));
    await bench.platform.release(OPERATION);
    await swapIn(OTHER_OPERATION);
    await bench.platform.start(await bench.platform.noteRunning(OTHER_OPERATION));
    const [place = ''] = await bench.platform.keepDisplaced(OTHER_OPERATION, '2026-01-01T00:00:00.000Z');
    expect(readFileSync(join(place, 'inner', 'deep'), 'utf8')).toBe('old');
    await bench.platform.release(OTHER_OPERATION);
    expect(await bench.platform.dropDisplaced('2026-02-01T00:00:00.000Z')).toEqual([place]);
    expect(existsSync(place)).toBe(false);
  });

  it('stay subvolumes when restored data is swapped in, so that the next backup has its snapshot too', async () => {
    const staged = await bench.platform.stage(OPERATION, [{ part: 'data' }, { part: 'projects' }]);
    for (const { path } of staged) await writeFile(join(path, 'file'), 'new');
    const quiet = await quieten();
    await bench.platform.commit(OPERATION, staged, quiet);
    expect([data('file'), projects('file')].map((path) => readFileSync(path, 'utf8'))).toEqual(['new', 'new']);
    await bench.platform.start(await bench.platform.noteRunning(OPERATION));
    const places = await bench.platform.keepDisplaced(OPERATION, '2026-01-01T00:00:00.000Z');
    expect(places.map((place) => readFileSync(join(place, 'file'), 'utf8'))).toEqual(['old', 'old']);
    await bench.platform.release(OPERATION);
    const { plan } = await take(bench.platform, OTHER_OPERATION);
    expect(plan.parts.map(({ capture }) => capture)).toEqual(['snapshot', 'snapshot']);
    expect(plan.parts[0]?.exclude).toContain(join(dataSnapshot(), `.cml-${OPERATION}-displaced`));
    await bench.platform.release(OTHER_OPERATION);
    await bench.platform.dropDisplaced('2026-02-01T00:00:00.000Z');
    expect(existsSync(places[0] ?? '')).toBe(false);
  });
});
