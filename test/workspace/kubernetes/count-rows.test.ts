import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { countAtCut, countRestored } from '../../../src/workspace/kubernetes/count-rows.ts';
import { COUNT_RESTORED, FIND_DATABASE } from '../../../src/workspace/kubernetes/count-rows-script.ts';
import { JOB, SECRET, STATEFUL_SET } from '../../../src/workspace/kubernetes/kinds.ts';
import { createJobRunner } from '../../../src/workspace/kubernetes/run-job.ts';
import { createJobScene, type JobScene, OPERATION } from './job-scene.ts';
import { NAMESPACE } from './scene.ts';

const TABLES = ['users', 'projects'];
const QUESTION = TABLES.map((table) => `select '${table}', count(*) from ${table}`).join(' union all ');
const ROWS = { part: 'db', tables: TABLES };

describe('rows of the database of a workspace', () => {
  let scene: JobScene;
  beforeEach(async () => {
    scene = await createJobScene({ rows: ROWS });
    const { store } = scene.double;
    const password = { secretKeyRef: { name: 'db-login', key: 'password' } };
    const containers = [
      { name: 'db', image: 'postgres:15', env: [{ name: 'POSTGRES_PASSWORD', valueFrom: password }] },
    ];
    store.create(SECRET, {
      metadata: { name: 'db-login', namespace: NAMESPACE },
      data: { password: Buffer.from('open sesame').toString('base64') },
    } as never);
    store.create(STATEFUL_SET, {
      metadata: { name: 'db', namespace: NAMESPACE },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'db' } },
        template: { metadata: { labels: { app: 'db' } }, spec: { containers } },
      },
    } as never);
  });
  afterEach(() => scene.dispose());

  /** Programs of the database's image, which say what the real ones would. */
  async function putPrograms(programs: Record<string, string>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'cml-rows-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await chmod(folder, 0o755);
    for (const [name, script] of Object.entries(programs)) {
      await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
      await chmod(join(folder, name), 0o755);
    }
    scene.double.world.imagePaths.push(folder);
    scene.double.world.podEnvironment.PATH = `${folder}:${process.env.PATH}`;
  }

  it('are counted in the live one by a Job that is over and gone, and what keeps it from answering is told', async () => {
    const asked = `[ "$PGPASSWORD" = 'open sesame' ] && case "$*" in *"${QUESTION}"*) echo 'users|12'; echo 'projects|7' ;; esac`;
    await putPrograms({ psql: asked });
    const { context, double } = scene;
    expect(await countAtCut(context, OPERATION, 'before', {})).toEqual([
      { check: 'rows', counts: { users: 12, projects: 7 } },
    ]);
    await expect.poll(() => double.store.list(JOB, NAMESPACE).length).toBe(0);
    await putPrograms({ psql: 'echo "FATAL: no such table" >&2; exit 2' });
    expect(await countAtCut(context, OPERATION, 'after', {})).toEqual([
      { check: 'rows', problem: expect.stringContaining('no such table') },
    ]);
    expect(
      await countAtCut({ ...context, settings: { ...context.settings, rows: undefined } }, OPERATION, 'after', {}),
    ).toEqual([]);
  });

  it('are counted in what came back by its own image, as the owner of its files and with no rights besides', async () => {
    const { context, folder } = scene;
    const scratch = await scene.place('scratch', 'db');
    const found = { part: 'db', path: scratch.path };
    const world = { context, run: createJobRunner(context), scratch: [found], folder };
    await expect(countRestored(world)).rejects.toMatchObject({
      message: expect.stringContaining('there is no database'),
    });
    await mkdir(join(scratch.directory, 'pgdata', 'base', '1'), { recursive: true });
    for (const at of ['pgdata', 'pgdata/base/1']) await writeFile(join(scratch.directory, at, 'PG_VERSION'), '15\n');
    if (process.getuid?.() === 0) execFileSync('chown', ['-R', '26:26', join(scratch.directory, 'pgdata')]);
    await putPrograms({
      pg_ctl: 'for word; do :; done; case "$word" in start) echo "$*" >&2 ;; esac',
      psql: `case "$*" in *"-U sense -d sense"*"${QUESTION}"*) echo 'users|12'; echo 'projects|6' ;; esac`,
    });
    expect(await countRestored(world)).toEqual([{ check: 'rows', counts: { users: 12, projects: 6 } }]);
  });
});

const BIN = '/usr/lib/postgresql/15/bin';

describe.runIf(existsSync(BIN) && process.getuid?.() === 0)('the script that counts in what came back', () => {
  it('starts a database that was killed, counts, and ends it, whatever is configured beside its data', {
    timeout: 60_000,
  }, async () => {
    const root = await mkdtemp(join(tmpdir(), 'cml-pg-'));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    await chmod(root, 0o777);
    const data = join(root, 'volume', 'pgdata');
    const as = (script: string, ...words: string[]) =>
      execFileSync(
        'setpriv',
        ['--reuid=postgres', '--regid=postgres', '--clear-groups', 'sh', '-ec', script, 'rows', ...words],
        {
          env: { PATH: `${BIN}:/usr/bin:/bin`, LC_ALL: 'C' },
          cwd: root,
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
    as(
      `mkdir volume; initdb -D "$1" -U sense --no-sync >/dev/null
      echo "hba_file = '/nowhere/hba'" >>"$1/postgresql.conf"; echo "archive_mode = on" >>"$1/postgresql.conf"
      pg_ctl -D "$1" -w -l log -o "-c hba_file=$1/pg_hba.conf -c listen_addresses= -c unix_socket_directories=$PWD" start >/dev/null
      psql -qh "$PWD" -U sense -d postgres -c 'create database sense'
      psql -qh "$PWD" -U sense -d sense -c 'create table users (id int); create table projects (id int); insert into users values (1), (2), (3)'
      head -n 1 "$1/postmaster.pid" | xargs kill -9; sleep 0.2; echo 1 >"$1/postmaster.pid"`,
      data,
    );
    const [, uid, found] = as(FIND_DATABASE, join(root, 'volume')).trim().split(' ');
    expect([uid, found]).toEqual([as('id -u').trim(), data]);
    expect(as(COUNT_RESTORED, data, 'sense', 'sense', QUESTION, root)).toBe('users|3\nprojects|0\n');
    expect(as('pg_ctl -D "$1" status || true', data)).toContain('no server running');
    expect(() => as(COUNT_RESTORED, data, 'sense', 'sense', 'select count(*) from gone', root)).toThrow(/gone/);
  });
});
