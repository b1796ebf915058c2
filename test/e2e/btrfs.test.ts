import { lstatSync } from 'node:fs';
import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type BtrfsVolume, hasBtrfs, makeBtrfsVolume } from '../btrfs-volume.ts';
import { compare, type Tree, walk } from '../walker.ts';
import { asBob, type Bench, makeBench, runRestic } from './bench.ts';

// Far beyond what it takes: how long something lasts is not judged here.
vi.setConfig({ testTimeout: 120_000 });

const FILES = 300;

/** One sitting: every test goes on where the one before ended. */
describe.runIf(hasBtrfs)('a workspace on a btrfs subvolume', () => {
  let volume: BtrfsVolume;
  let bench: Bench;
  let db: string;
  let second: { id: string; tree: Tree };

  beforeAll(async () => {
    volume = await makeBtrfsVolume();
    db = await volume.subvolume('team-ml', 'db');
    await mkdir(join(db, 'sub'));
    for (let number = 0; number < FILES; number++) await writeFile(join(db, 'sub', `file-${number}`), `${number}\n`);
    bench = await makeBench({ volumes: [{ name: 'db', path: db }] });
    expect((await bench.say(['start', 'team-ml'])).exitCode).toBe(0);
  });
  afterAll(async () => {
    await bench?.dispose();
    await volume?.dispose();
  });

  async function backUp() {
    const { exitCode, answer } = await bench.sayJson(['backup', 'team-ml']);
    expect({ exitCode, status: answer.backup?.status }).toEqual({ exitCode: 0, status: 'completed' });
    expect(answer.backup.parts).toMatchObject([{ name: 'db', capture: 'snapshot', consistent: true }]);
    expect((await volume.subvolumes()).filter((path) => path.includes('.cml'))).toEqual([]);
    const { summary } = JSON.parse(await runRestic(bench, ['cat', 'snapshot', answer.backup.parts[0].copyId]));
    return { backup: answer.backup, operation: answer.operation, summary };
  }

  test('is copied after services are up again', async () => {
    const { operation } = await backUp();
    const ended = (await bench.operations('ended')).find(({ id }) => id === operation.id);
    const at = (type: string, step: string) =>
      ended?.journal.find((event) => event.type === type && 'step' in event && event.step === step)?.at ?? 'never';
    const moments = [
      at('step-done', 'stop'),
      at('step-began', 'cut'),
      at('step-done', 'cut'),
      at('ensured', 'start'),
      at('step-began', 'copy snapshots'),
    ];
    expect(moments).toEqual(moments.toSorted());
    expect(moments).not.toContain('never');
    const plan = ended?.journal.find((event) => event.type === 'step-done' && event.step === 'preflight');
    expect(JSON.stringify(plan)).toContain('it is a btrfs subvolume');
  });

  test('is read again only where it changed', async () => {
    await writeFile(join(db, 'sub', 'file-7'), 'changed');
    const tree = await walk(db);
    const { backup, summary } = await backUp();
    expect(summary).toMatchObject({ files_changed: 1, files_unmodified: FILES - 1 });
    expect(summary.files_new ?? 0).toBe(0);
    second = { id: backup.id, tree };
  });

  test('comes back identical, and is a subvolume still', async () => {
    await rm(join(db, 'sub', 'file-9'));
    await writeFile(join(db, 'sub', 'file-7'), 'worse');
    await writeFile(join(db, 'new'), 'was not there');
    await utimes(db, 1, 1);
    const asked = await bench.sayJson(['restore', second.id, '--confirm', 'team-ml']);
    const approved = await bench.sayJson(['approve', asked.answer.request.id, '--wait', ...asBob.words], {
      environment: asBob.environment,
    });
    expect(approved).toMatchObject({ exitCode: 0, answer: { operation: { status: 'succeeded' } } });
    const displaced = (await readdir(db)).filter((name) => name.startsWith('.cml-'));
    expect(displaced).toHaveLength(1);
    expect(lstatSync(db).ino).toBe(256);
    // What was displaced is kept inside; everything else is what it was.
    const differences = compare(second.tree, await walk(db));
    expect(differences.filter((line) => !line.startsWith(displaced[0] ?? 'nothing'))).toEqual([]);
  });

  test('has its snapshot the next time too', async () => {
    const { summary } = await backUp();
    expect(summary.total_files_processed).toBe(FILES);
  });
});
