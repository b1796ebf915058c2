import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answers } from '../../demo/observer.ts';
import { endEverything, findProcesses, startWriter } from '../../demo/processes.ts';
import { proveRows, readAcknowledged, readRows } from '../../demo/proof.ts';
import { DEMO_MARK, type DemoWorkspace, setUpWorkspace } from '../../demo/workspace.ts';
import { walk } from '../walker.ts';

// services run as programs of their own, so they come from the build that `npm test` makes first
const BUILT = join(import.meta.dirname, '..', '..', 'dist', 'demo');

let folder: string;
let workspace: DemoWorkspace;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cml-demo-'));
  workspace = await setUpWorkspace(folder, join(BUILT, 'services'));
});

afterAll(async () => {
  await endEverything(folder);
  rmSync(folder, { recursive: true });
});

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await wait(20);
}

function startDatabase(): ChildProcess {
  const env = {
    [DEMO_MARK]: folder,
    PORT: new URL(workspace.databaseUrl).port,
    DATA: workspace.databaseVolume,
  };
  return spawn(process.execPath, [join(BUILT, 'services', 'database.js')], { env, stdio: 'ignore' });
}

function startWeb(): ChildProcess {
  const env = {
    [DEMO_MARK]: folder,
    PORT: new URL(workspace.webUrl).port,
    PROJECTS: workspace.projects,
    DATABASE_URL: workspace.databaseUrl,
    ENV_FILE: workspace.envFile,
  };
  return spawn(process.execPath, [join(BUILT, 'services', 'web.js')], { env, stdio: 'ignore' });
}

async function acknowledged(): Promise<number> {
  return existsSync(workspace.acknowledged) ? (await readAcknowledged(workspace)).length : 0;
}

test('keeps every acknowledged row when the database is killed, and the writer goes on when it is back', async () => {
  const database = startDatabase();
  await until(() => answers(`${workspace.databaseUrl}/health`));
  startWriter(workspace, join(BUILT, 'writer.js'));
  await until(async () => (await acknowledged()) >= 20);

  const gone = once(database, 'exit');
  database.kill('SIGKILL');
  await gone;
  const killedAt = new Date().toISOString();
  const noted = await acknowledged();

  const again = startDatabase();
  await until(async () => (await acknowledged()) > noted);
  const proof = await proveRows(workspace, killedAt);
  expect(proof.acknowledgedBeforeCut).toBeGreaterThanOrEqual(20);
  expect(proof.missing).toEqual([]);

  const intruder = startDatabase();
  expect((await once(intruder, 'exit'))[0]).toBe(1);

  const web = startWeb();
  await until(() => answers(`${workspace.webUrl}/health`));
  const page = await (await fetch(`${workspace.webUrl}/`)).text();
  expect(page).toContain('Welcome to team-ml');
  expect(page).toMatch(/[1-9]\d* rows in the database/);
  const file = await fetch(`${workspace.webUrl}/files/project-01/src/file-0.py`);
  expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(0);
  expect((await fetch(`${workspace.webUrl}/files/..%2F..%2Fcml.yaml`)).status).toBe(404);

  const closed = once(again, 'exit');
  again.kill('SIGTERM');
  expect(await closed).toEqual([0, null]);
  await until(async () => !(await answers(`${workspace.webUrl}/health`)));
  const ended = once(web, 'exit');
  web.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

test('tells rows that are missing from rows that are there', async () => {
  const database = startDatabase();
  await until(() => answers(`${workspace.databaseUrl}/health`));
  const [first] = await readRows(workspace);
  await fetch(`${workspace.databaseUrl}/rows?oldest=1`, { method: 'DELETE' });
  expect((await proveRows(workspace, new Date().toISOString())).missing).toEqual([first]);
  database.kill('SIGTERM');
  await once(database, 'exit');
});

test('sets up what a restore has to bring back: links, hard links, odd modes and names, empty folders', async () => {
  const entries = Object.entries((await walk(workspace.projects)).entries);
  const has = (isSo: (entry: (typeof entries)[number]) => boolean) => entries.some(isSo);
  expect(workspace.projectFiles).toBe(entries.filter(([, entry]) => entry.type !== 'directory').length);
  expect(has(([, entry]) => entry.type === 'symlink')).toBe(true);
  expect(has(([, entry]) => entry.linkedWith !== undefined)).toBe(true);
  expect(has(([, entry]) => entry.mode === '1777')).toBe(true);
  expect(has(([path]) => path.includes('🧪'))).toBe(true);
  expect(has(([path, entry]) => path === 'odd corners/empty' && entry.type === 'directory')).toBe(true);
});

test('ends whatever was started for the folder', async () => {
  startDatabase();
  await until(() => answers(`${workspace.databaseUrl}/health`));
  expect(findProcesses(folder).length).toBeGreaterThan(0);
  await endEverything(folder);
  expect(findProcesses(folder)).toEqual([]);
});
