import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { stringify } from 'yaml';
import { z } from 'zod';
import { type Past, writeHistory } from '../../test/fakes/history.ts';
import { endEverything } from '../processes.ts';
import { DEMO_MARK } from '../workspace.ts';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const SCRIPTS = fileURLToPath(new URL('../../../scripts', import.meta.url));
/** So many KiB are written to a repository in a second: a picture of a copy that runs takes a while to take. */
const UPLOAD_KIB = 3_000;
const PATIENCE_MS = 60_000;

const [GB, MINUTE] = [1e9, 60_000];
const PASTS: readonly Past[] = [
  {
    ...{ workspace: 'team-ml', release: '1.4', bytes: 62e6, files: 135, downtimeMs: 6_100, durationMs: 42_000 },
    ...{ volumes: ['database'], folders: ['projects', 'datasets'] },
  },
  {
    ...{ workspace: 'customer-churn-research', release: '2.1', bytes: 412 * GB, files: 1_284_002 },
    ...{ downtimeMs: 8_400, durationMs: 34 * MINUTE, volumes: ['database', 'registry'], folders: ['projects'] },
  },
  {
    ...{ workspace: 'speech', release: '1.4', bytes: 96 * GB, files: 88_410, downtimeMs: 5_200 },
    ...{ durationMs: 11 * MINUTE, volumes: ['database'], folders: ['projects', 'models'] },
  },
  {
    ...{ workspace: 'vision', release: '1.3', bytes: 1_950 * GB, files: 6_120_338, downtimeMs: 12_700 },
    ...{ durationMs: 142 * MINUTE, volumes: ['database'], folders: ['projects', 'datasets'], daysWithout: 4 },
  },
];

/** Workspaces with weeks behind them, and the real server that has the page. */
export interface WebPlace {
  readonly origin: string;
  /** Says a word in a terminal, and answers the one JSON document that it prints. */
  say(words: readonly string[]): Promise<unknown>;
  /** The models of team-ml are trained anew: no backup has them yet, so that the next one takes its time. */
  trainModels(): Promise<void>;
  /** The next cut of team-ml takes until it is let go. */
  holdCut(): Promise<void>;
  letGo(): Promise<void>;
  /** An address that logs them in, once. */
  linkFor(person: string): Promise<string>;
  end(): Promise<void>;
}

export async function makeWebPlace(): Promise<WebPlace> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'ml-')));
  const at = (...names: string[]) => join(folder, ...names);
  const { stdout: restic } = await execa('bash', [join(SCRIPTS, 'get-restic.sh')]);
  const port = await findFreePort();
  await setUpWorkspaces(at, restic);
  await writeFile(at('cml.yaml'), stringify(describeServer(at, port)));
  await writeFile(
    at('slow-restic'),
    `#!/bin/sh\nRESTIC_PACK_SIZE=4 exec '${restic}' --limit-upload ${UPLOAD_KIB} "$@"\n`,
    {
      mode: 0o755,
    },
  );
  writeHistory(at('cml-data'), PASTS, new Date());
  const env = { ...process.env, [DEMO_MARK]: folder, CML_RESTIC: at('slow-restic') };
  const origin = `http://127.0.0.1:${port}`;
  spawn(process.execPath, [MAIN, 'serve'], { cwd: folder, env, detached: true, stdio: 'ignore' }).unref();
  const say = async (words: readonly string[]): Promise<unknown> =>
    JSON.parse((await execa(process.execPath, [MAIN, ...words, '--json'], { cwd: folder, env })).stdout);
  await awaitAnswer(origin);
  for (const { workspace } of PASTS) await say(['start', workspace, '--as', 'alice']);
  return {
    origin,
    say,
    trainModels: () => writeModels(at),
    holdCut: () => writeFile(at('hold'), ''),
    letGo: () => rm(at('hold'), { force: true }),
    linkFor: async (person) => z.looseObject({ login: z.url() }).parse(await say(['web', '--as', person])).login,
    async end() {
      await endEverything(folder);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type At = (...names: string[]) => string;

async function setUpWorkspaces(at: At, restic: string): Promise<void> {
  await mkdir(at('cml-data', 'secrets'), { recursive: true, mode: 0o700 });
  await writeFile(at('cml-data', 'secrets', 'password'), 'of a demonstration\n', { mode: 0o600 });
  for (const { workspace, volumes, folders } of PASTS) {
    for (const name of [...volumes, ...folders]) {
      await mkdir(at(workspace, name), { recursive: true });
      for (let number = 0; number < 40; number++)
        await writeFile(at(workspace, name, `part-${number}.bin`), randomBytes(1_000 * (number + 1)));
    }
  }
  await writeModels(at);
  const env = { RESTIC_PASSWORD_FILE: at('cml-data', 'secrets', 'password') };
  await execa(restic, ['--no-cache', 'init', '--repo', at('repositories', PASTS[0]?.workspace ?? '')], { env });
  for (const { workspace } of PASTS.slice(1))
    await cp(at('repositories', PASTS[0]?.workspace ?? ''), at('repositories', workspace), { recursive: true });
}

async function writeModels(at: At): Promise<void> {
  await mkdir(at('team-ml', 'projects', 'alice', 'notebooks'), { recursive: true });
  for (const [name, bytes] of Object.entries({ 'notes.ipynb': 48_200, 'train.py': 7_310, 'README.md': 1_204 }))
    await writeFile(at('team-ml', 'projects', 'alice', name), randomBytes(bytes));
  for (let number = 0; number < 15; number++)
    await writeFile(at('team-ml', 'projects', `model-${number}.bin`), randomBytes(4_000_000));
}

function describeServer(at: At, port: number): object {
  return {
    data: './cml-data',
    people: { alice: {}, bob: {}, carol: {} },
    trustBarePeople: true,
    web: { port },
    workspaces: Object.fromEntries(PASTS.map((past) => [past.workspace, describeWorkspace(at, past)])),
  };
}

function describeWorkspace(at: At, { workspace, release, volumes, folders }: Past): object {
  const environment = { [DEMO_MARK]: at() };
  const service = (name: string) => ({ name, command: ['sleep', '86400'], folder: '.', environment, staysUp: '0s' });
  const held = snapshotOf(at, workspace);
  return {
    platform: {
      kind: 'local',
      release,
      services: ['web', 'workers', 'database'].map(service),
      volumes: volumes.map((name) => ({
        name,
        path: `./${workspace}/${name}`,
        ...(name === 'database' && workspace === 'team-ml' ? { snapshot: held } : {}),
      })),
      sharedFolders: [
        ...folders.map((name) => ({ name, path: `./${workspace}/${name}` })),
        ...(workspace === 'team-ml' ? [{ name: 'scratch', path: './scratch', leaveOut: 'rebuilt nightly' }] : []),
      ],
    },
    repository: {
      kind: 'restic',
      location: `./repositories/${workspace}`,
      passwordFile: './cml-data/secrets/password',
    },
    policy: { notice: '15m', approvers: ['alice', 'bob', 'carol'], files: ['alice', 'bob'] },
    retention: { daily: 14, weekly: 8, monthly: 12 },
    schedules: {
      nightly: { does: 'backup', when: 'nightly at 02:00', zone: 'Europe/Berlin', window: '22:00-05:00' },
      rehearsal: { does: 'verify', when: 'sundays at 04:00', zone: 'Europe/Berlin' },
      ...(workspace === 'team-ml' ? { tidy: { does: 'retention', when: 'saturdays at 06:30', zone: 'UTC' } } : {}),
    },
  };
}

/** A storage that can be held, so that a picture can be taken while services are down. */
function snapshotOf(at: At, workspace: string): object {
  const path = at('snapshot');
  const make = `while [ -e ${at('hold')} ]; do sleep 0.05; done; cp -a ${at(workspace, 'database')} ${path}`;
  return { make: ['sh', '-c', make], drop: ['rm', '-rf', path], path };
}

async function awaitAnswer(origin: string): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await wait(100)) {
    const answer = await fetch(origin).catch(() => undefined); // it is not there yet
    if (answer) return;
  }
  throw new Error(`the server has no page at ${origin}`);
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
