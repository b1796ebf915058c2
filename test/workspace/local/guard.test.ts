import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sessionOf } from '../../../src/process-identity.ts';
import type { RunningNote } from '../../../src/workspace/platform.ts';
import {
  assertGuardIsBuilt,
  type Bench,
  makeBench,
  makeFolder,
  OPERATION,
  OTHER_OPERATION,
  readIfThere,
  stagedBeside,
  supervised,
  until,
  wishes,
} from './bench.ts';

beforeAll(assertGuardIsBuilt);

const soon = (ms: number) => new Date(Date.now() + ms).toISOString();
const FAR_AWAY = '2999-01-01T00:00:00.000Z';

describe('the guard', () => {
  let bench: Bench;
  let note: RunningNote;
  beforeEach(async () => {
    bench = await makeBench(async (root) => ({
      services: [supervised('web'), supervised('db')],
      volumes: [{ name: 'data', path: await makeFolder(join(root, 'data'), { file: 'old' }) }],
      sharedFolders: [{ name: 'projects', path: await makeFolder(join(root, 'projects'), { file: 'old' }) }],
      definition: { files: [join(root, 'env')] },
      pageCommand: ['sh', '-c', `{ echo "urgent=$CML_URGENT"; cat; } >> ${root}/pages`],
    }));
    const services = ['web', 'db'].map((name) => ({ name, ready: true }));
    await bench.platform.start({ operationId: OPERATION, notedAt: soon(0), services });
    note = await bench.platform.noteRunning(OPERATION);
  });
  afterEach(() => bench.dispose());

  const allUp = () => ['web', 'db'].every((name) => bench.pidsOf(name).length > 0);
  const files = () => ['data', 'projects'].map((part) => readFileSync(join(bench.root, part, 'file'), 'utf8'));
  const stageNew = async () => {
    for (const { path } of await bench.platform.stage(OPERATION, wishes('data', 'projects'))) {
      await writeFile(join(path, 'file'), 'new');
    }
  };

  it('starts what ran when nobody comes back, then ends', async () => {
    await bench.platform.armGuard(note, FAR_AWAY);
    await bench.platform.stop(note);
    await bench.platform.armGuard(note, soon(0));
    await until('services are up', allUp);
    await until('the guard has ended', () => bench.guards().length === 0);
    expect(await bench.platform.readNote()).toBeUndefined();
    expect(existsSync(join(bench.root, 'pages'))).toBe(false);
  });

  it('survives the death of the process that armed it and of its whole group', async () => {
    await bench.platform.stop(note);
    await writeFile(join(bench.root, 'arm.json'), JSON.stringify({ ...bench.options, note, actsAt: soon(4_000) }));
    const program = `
      import { readFileSync } from 'node:fs';
      import { createLocalPlatform } from ${JSON.stringify(join(process.cwd(), 'dist/src/workspace/local/platform.js'))};
      const { note, actsAt, ...options } = JSON.parse(readFileSync(process.argv[1], 'utf8'));
      const clock = { now: () => new Date(), sleep: (ms) => new Promise((done) => setTimeout(done, ms)) };
      await createLocalPlatform({ ...options, clock, workFolder: () => '/nowhere' }).armGuard(note, actsAt);
      console.log('armed');
      setInterval(() => {}, 1000);
    `;
    const server = spawn(process.execPath, ['--input-type=module', '-e', program, join(bench.root, 'arm.json')], {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((armed) => server.stdout?.once('data', armed));
    const [guard = 0] = bench.guards();
    expect(sessionOf(guard)).not.toBe(server.pid);
    process.kill(-(server.pid ?? 0), 'SIGKILL');
    await until('services are up', allUp);
  });

  it('does nothing once it is disarmed, and ends', async () => {
    await bench.platform.armGuard(note, soon(30_000));
    await bench.platform.stop(note);
    await bench.platform.disarmGuard(OTHER_OPERATION);
    expect(bench.guards()).toHaveLength(1);
    await bench.platform.disarmGuard(OPERATION);
    await until('the guard has ended', () => bench.guards().length === 0);
    expect(allUp()).toBe(false);
    expect(await bench.platform.readNote()).toEqual(note);
  });

  it('is told the newer time and not doubled when armed again, also by another life', async () => {
    await bench.platform.armGuard(note, FAR_AWAY);
    const before = bench.guards();
    await bench.platform.armGuard(note, FAR_AWAY);
    await bench.again().armGuard(note, FAR_AWAY);
    expect(bench.guards()).toEqual(before);
    await bench.platform.stop(note);
    await bench.platform.armGuard(note, soon(200));
    expect(bench.guards()).toEqual(before);
    await until('services are up', allUp);
  });

  it('is replaced when it was killed', async () => {
    await bench.platform.armGuard(note, FAR_AWAY);
    const [first = 0] = bench.guards();
    process.kill(first, 'SIGKILL');
    await bench.platform.armGuard(note, FAR_AWAY);
    expect(bench.guards()).toHaveLength(1);
    expect(bench.guards()).not.toContain(first);
  });

  it('acts by the clock that nobody can set when the other one is set back', async () => {
    const hourBehind = { now: () => new Date(Date.now() + 3_600_000), sleep: bench.options.clock.sleep };
    const armedAhead = bench.again({ clock: hourBehind });
    await armedAhead.armGuard(note, soon(3_600_000 + 1_000));
    await bench.platform.stop(note);
    await until('services are up', allUp);
  });

  it('takes over: whoever wakes up late may neither stop nor swap any more', async () => {
    await stageNew();
    await bench.platform.armGuard(note, FAR_AWAY);
    const quiet = await bench.platform.stop(note);
    await bench.platform.armGuard(note, soon(0));
    await until('the guard has ended', () => bench.guards().length === 0);
    await expect(
      bench.platform.commit(OPERATION, stagedBeside(bench.root, OPERATION, 'data'), quiet),
    ).rejects.toMatchObject({ code: 'not-quiet' });
    await expect(bench.platform.stop(note)).rejects.toMatchObject({ code: 'not-quiet' });
    await expect(bench.platform.proveQuiet(quiet, [])).rejects.toMatchObject({ code: 'not-quiet' });
    expect(allUp()).toBe(true);
    expect(files()).toEqual(['old', 'old']);
    await bench.platform.start(note);
    await bench.platform.disarmGuard(OPERATION);
    await bench.platform.release(OPERATION);
  });

  it('puts back a swap that stands half-way, and the definition, before it starts services', async () => {
    await writeFile(join(bench.root, 'env'), 'old');
    const putBack = await bench.platform.captureDefinition(join(bench.root, 'present'));
    await writeFile(join(bench.root, 'env'), 'new');
    await stageNew();
    await bench.platform.armGuard(note, FAR_AWAY, putBack);
    const quiet = await bench.platform.stop(note);
    await bench.platform.commit(OPERATION, stagedBeside(bench.root, OPERATION, 'data', 'projects'), quiet);
    // As it stands when a process dies between the two renames of the second part.
    await rename(join(bench.root, 'projects'), join(bench.root, `.cml-${OPERATION}-stage-projects`));
    await bench.platform.armGuard(note, soon(0), putBack);
    await until('services are up', allUp);
    expect(files()).toEqual(['old', 'old']);
    expect(await readIfThere(join(bench.root, 'env'))).toBe('old');
  });

  it('puts back a whole swap when services never came up on it', async () => {
    await stageNew();
    await bench.platform.armGuard(note, FAR_AWAY);
    const quiet = await bench.platform.stop(note);
    await bench.platform.commit(OPERATION, stagedBeside(bench.root, OPERATION, 'data', 'projects'), quiet);
    expect(files()).toEqual(['new', 'new']);
    await bench.platform.armGuard(note, soon(0));
    await until('services are up', allUp);
    expect(files()).toEqual(['old', 'old']);
    expect(await bench.platform.isReverted(OPERATION)).toBe(true);
  });

  it("leaves another operation's data alone on which services were up", async () => {
    await stageNew();
    const quiet = await bench.platform.stop(note);
    await bench.platform.commit(OPERATION, stagedBeside(bench.root, OPERATION, 'data', 'projects'), quiet);
    await bench.platform.start(note);
    const other = await bench.platform.noteRunning(OTHER_OPERATION);
    await bench.platform.armGuard(other, FAR_AWAY);
    await bench.platform.stop(other);
    await bench.platform.armGuard(other, soon(0));
    await until('services are up', allUp);
    await until('the guard has ended', () => bench.guards(OTHER_OPERATION).length === 0);
    expect(files()).toEqual(['new', 'new']);
    expect(await bench.platform.isServed(OPERATION)).toBe(true);
  });

  it('keeps room on the disk for the start, and gives it back', async () => {
    const ballast = join(bench.folder, 'ballast');
    await bench.platform.armGuard(note, FAR_AWAY);
    expect(statSync(ballast).blocks * 512).toBeGreaterThanOrEqual(4 * 1024 * 1024);
    await bench.platform.disarmGuard(OTHER_OPERATION);
    expect(existsSync(ballast)).toBe(true);
    await bench.platform.disarmGuard(OPERATION);
    expect(existsSync(ballast)).toBe(false);
    await bench.platform.armGuard(note, FAR_AWAY);
    await bench.platform.stop(note);
    await bench.platform.start(note);
    expect(existsSync(ballast)).toBe(false);
  });

  it('pages again until the page is taken', async () => {
    await stageNew();
    const pageCommand = ['sh', '-c', `cat >> ${bench.root}/pages; test -e ${bench.root}/listens`];
    await bench.again({ pageCommand }).armGuard(note, FAR_AWAY);
    const quiet = await bench.platform.stop(note);
    await bench.platform.commit(OPERATION, stagedBeside(bench.root, OPERATION, 'data', 'projects'), quiet);
    await rename(join(bench.root, `.cml-${OPERATION}-displaced-data`), join(bench.root, 'taken-away'));
    await bench.again({ pageCommand }).armGuard(note, soon(0));
    const pages = async () =>
      ((await readIfThere(join(bench.root, 'pages'))) ?? '').match(/services are down/g)?.length;
    await until('it has paged twice in vain', async () => ((await pages()) ?? 0) >= 2);
  });

  it('starts nothing on data that it cannot put back, and pages', async () => {
    await stageNew();
    await bench.platform.armGuard(note, FAR_AWAY);
    const quiet = await bench.platform.stop(note);
    await bench.platform.commit(OPERATION, stagedBeside(bench.root, OPERATION, 'data', 'projects'), quiet);
    await rename(join(bench.root, `.cml-${OPERATION}-displaced-data`), join(bench.root, 'taken-away'));
    await bench.platform.armGuard(note, soon(0));
    // The page command writes twice: the sentence comes last.
    const paged = async () =>
      (await readIfThere(join(bench.root, 'pages')))?.includes('team-ml: core services are down');
    await until('people are paged', async () => (await paged()) === true);
    expect(readFileSync(join(bench.root, 'pages'), 'utf8')).toContain('urgent=1');
    expect(allUp()).toBe(false);
    await rename(join(bench.root, 'taken-away'), join(bench.root, `.cml-${OPERATION}-displaced-data`));
    await until('services are up', allUp, 25_000);
    expect(files()).toEqual(['old', 'old']);
  });
});
