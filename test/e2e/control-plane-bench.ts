import { appendFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import type { Backup } from '../../src/records/backup.ts';
import type { Operation } from '../../src/records/operation.ts';
import { type ControlPlaneDouble, createControlPlaneDouble, type DoubleOptions } from '../fakes/cdp/double.ts';
import { quickenRepository } from '../faults/quick-repository.ts';
import { type Tree, walk } from '../walker.ts';
import { asBob, type Begun, type Bench, makeBench, runRestic, type SaidJson } from './bench.ts';
import { sendSignal, until } from './processes.ts';

/** A workspace that a control plane backs up, with one external folder that is real, and the real command line. */
export interface ControlPlaneBench extends Bench {
  readonly double: ControlPlaneDouble;
  /** The external folder as it is now. */
  picture(): Promise<Tree>;
  /** As it was when services had just gone down for a backup of the control plane; the last one's unless named by its CRN. */
  pictureAtCut(backupCrn?: string): Tree;
  /** The workspace writes nothing into it any more. */
  stopWriting(): void;
  /** Waits until the database was found gone before the copy of the external folder was made, and once more after it. */
  copiedWhileGone(): Promise<void>;
  /** Looks at the database that were noted until now are forgotten. */
  forgetLooks(): Promise<void>;
  /** What restic alone brings back of the external folder of a backup. */
  held(backup: BackupTold): Promise<Tree>;
  up(): Promise<Begun>;
  /** Kills the server as a machine that loses power does. */
  killServer(): Promise<void>;
  /** What people were paged with; empty when they were not. */
  pages(): Promise<string>;
  backUp(words?: readonly string[]): Promise<SaidJson>;
  /** Asks for a restore, has bob approve it, and waits for its end. */
  restore(backup: string): Promise<SaidJson>;
  /** Waits until nothing is open any more; answers what ended last. */
  settled(withinMs?: number): Promise<Operation>;
  /** How many backups the control plane ever began for an operation, ours or not. */
  begun(): number;
}

export type BackupTold = Pick<Backup, 'id' | 'parts'>;

export interface ControlPlaneWish {
  readonly double?: DoubleOptions;
  /** Over the settings of the platform. */
  readonly platform?: object;
  readonly policy?: object;
  /** Nothing tells when the database is gone. */
  readonly hasNoProbe?: true;
  /** Of the login that the server finds. */
  readonly login?: Readonly<Record<string, string>>;
}

const PASSWORD = 'correct horse';
const CONTENT = { users: '12', projects: '40', jobs: '7' };

/** Ends with the test. Services take some tenths of a second to stop, and as long to start. */
export async function givenControlPlane(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  wish: ControlPlaneWish = {},
): Promise<ControlPlaneBench> {
  const workspaces = [{ name: 'ml-prod', staticSubdomain: 'prod', content: CONTENT }];
  const double = await createControlPlaneDouble({ workspaces, minuteMs: 1_000, ...wish.double });
  const bench = await makeBench((at) => ({
    platform: {
      ...{ kind: 'cdp', workspace: { environment: 'env-1', name: 'ml-prod' }, poll: '100ms', listedWithin: '2s' },
      controlPlane: { endpoint: double.url, credentials: { from: 'folder', folder: './login' }, requestWithin: '2s' },
      backupTimeout: '120m',
      sharedFolders: [{ name: 'projects', path: './team-ml/projects' }],
      ...(wish.hasNoProbe ? {} : { databaseProbe: { gone: probe(at('looks'), double.workspace().services.port) } }),
      ...wish.platform,
    },
    policy: { notice: '0s', approvers: ['alice', 'bob'], downtimeBudget: '2m', guardMargin: '5s', ...wish.policy },
    notify: ['sh', '-c', `(printf '%s|' "$CML_URGENT"; cat) >>${at('told')}`],
  }));
  onTestFinished(async () => {
    await double.close();
    await bench.dispose();
  });
  await quickenRepository(bench.at('repository'), PASSWORD);
  await writeLogin(bench, wish.login ?? loginOf(double));
  await writeFiles(bench);
  const writing = watchServices(bench, double);
  const settled: ControlPlaneBench['settled'] = async (withinMs = 60_000) => {
    await until('nothing is open', async () => (await bench.operations('open')).length === 0, withinMs);
    const ended = (await bench.operations('ended')).toSorted((a, b) =>
      (a.endedAt ?? '') < (b.endedAt ?? '') ? -1 : 1,
    );
    const last = ended.at(-1);
    if (!last) throw new Error('no operation has ended');
    return last;
  };
  return {
    ...bench,
    ...{ double, settled },
    picture: () => walk(bench.at('team-ml/projects')),
    ...writing,
    held: (backup) => heldBy(bench, backup),
    copiedWhileGone: async () => {
      const looks = async () => (await readFile(bench.at('looks'), 'utf8').catch(() => '')).length;
      await until('the database was looked at twice', async () => (await looks()) >= 2);
    },
    forgetLooks: () => rm(bench.at('looks'), { force: true }),
    up: () => bench.serve(),
    async killServer() {
      for (const pid of bench.serverPids()) sendSignal(pid, 'SIGKILL');
      await until('the server is dead', () => bench.serverPids().length === 0);
    },
    pages: async () => {
      const told = await readFile(bench.at('told'), 'utf8').catch(() => '');
      const pages = told.split('\n').filter((line) => line.startsWith('1|'));
      return pages.join('\n');
    },
    backUp: (words = []) => bench.sayJson(['backup', 'team-ml', ...words]),
    async restore(backup) {
      const asked = await bench.sayJson(['restore', backup, '--confirm', 'team-ml']);
      if (asked.exitCode !== 0) throw new Error(asked.stderr);
      return bench.sayJson(['approve', asked.answer.request.id, ...asBob.words, '--wait'], asBob);
    },
    begun: () => double.calls.accepted('backupWorkspace').length,
  };
}

export function loginOf({ credentials }: ControlPlaneDouble): Readonly<Record<string, string>> {
  return { cdp_access_key_id: credentials.accessKeyId, cdp_private_key: credentials.privateKey };
}

/** Leaves a letter in a file whenever the database was found gone. */
function probe(looks: string, port: number): string[] {
  return ['bash', '-c', `(: </dev/tcp/127.0.0.1/${port}) 2>/dev/null && exit 1; printf x >>${looks}`];
}

/** As a Secret is mounted. */
export async function writeLogin({ at }: Bench, login: Readonly<Record<string, string>>): Promise<void> {
  await rm(at('login'), { recursive: true, force: true });
  await mkdir(at('login'));
  for (const [name, value] of Object.entries(login)) await writeFile(at('login', name), value, { mode: 0o600 });
}

async function writeFiles({ at }: Bench): Promise<void> {
  await mkdir(at('team-ml/projects/src'), { recursive: true });
  for (let number = 0; number < 40; number++) {
    await writeFile(at('team-ml/projects/src', `file-${number}.py`), `print(${number})\n`.repeat(number * 9));
  }
  await writeFile(at('team-ml/projects', 'odd – größe "quoted" $name;'), 'odd');
  await utimes(at('team-ml/projects/src/file-3.py'), 1_500_000_000, 1_500_000_000.25);
}

/** One is changed, one gone, one new. */
export async function damageFiles({ at }: Bench): Promise<void> {
  await writeFile(at('team-ml/projects/src/file-3.py'), 'broken');
  await rm(at('team-ml/projects/src/file-4.py'));
  await writeFile(at('team-ml/projects/new'), 'was not there');
}

/**
 * What the workspace writes into its external folder, while it is up and not after: a line as its services go down, which
 * no copy made before has, and one as they come up, which no backup may have.
 */
function watchServices({ at }: Bench, { workspace, workflows }: ControlPlaneDouble) {
  const pictures = new Map<string, Tree>();
  let isWriting = true;
  workspace().services.watch(async (areUp) => {
    const line = areUp ? 'begun again\n' : 'the last line\n';
    if (isWriting) appendFileSync(at('team-ml/projects/outputs.log'), line);
    const { type, resources } = workflows.all.at(-1) ?? {};
    const backupCrn = resources?.at(-1);
    if (!areUp && type === 'backup' && backupCrn) pictures.set(backupCrn, await walk(at('team-ml/projects')));
  });
  return {
    pictureAtCut(backupCrn = [...pictures.keys()].at(-1)): Tree {
      const picture = pictures.get(backupCrn ?? '');
      if (!picture) throw new Error('services never went down for this backup');
      return picture;
    },
    stopWriting() {
      isWriting = false;
    },
  };
}

async function heldBy(bench: Bench, backup: BackupTold): Promise<Tree> {
  const part = backup.parts.find(({ name }) => name === 'projects');
  if (part?.copyId === undefined || part.pathInCopy === undefined) throw new Error(`no copy in ${backup.id}`);
  const target = await mkdtemp(bench.at('by-restic-'));
  try {
    await runRestic(bench, ['restore', '--no-lock', part.copyId, '--include', part.pathInCopy, '--target', target]);
    return await walk(join(target, part.pathInCopy));
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}
