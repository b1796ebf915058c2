import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import type { Answer } from './chat/answer.ts';
import { type ConfigSource, readConfig } from './config.ts';
import { explainConfig, writeExplanation } from './config-explain.ts';
import { writeInitialConfig, writeRecoverySheet } from './config-init.ts';
import { UserError } from './errors.ts';
import { hashToken } from './main-people.ts';
import { resticCandidates } from './main-ports.ts';
import { findRestic } from './mover/restic/probe.ts';
import { createResticMover } from './mover/restic/restic-mover.ts';
import { localFolderOf, resticSettings } from './mover/restic/settings.ts';
import { workspaceName } from './records/workspace.ts';
import { createLocalRunProgram } from './workspace/local/run-program.ts';

interface InitWish {
  readonly folder: string;
  readonly workspace?: string | undefined;
  readonly repository?: string | undefined;
  readonly approver: string;
}

/** Writes cml.yaml into the present folder, creates the repository with two passwords, and the recovery sheet. */
export async function init(source: ConfigSource, wish: InitWish): Promise<Answer> {
  const places = await planPlaces(source, wish);
  const { workspace, config, data, repository, passwordFile, secondPasswordFile, sheet } = places;
  await mkdir(join(data, 'secrets'), { recursive: true, mode: 0o700 });
  // Passwords first: a repository whose password was never written down would be lost.
  await writeNewSecret(passwordFile);
  await writeNewSecret(secondPasswordFile);
  const restic = await createRepository(source, places);
  const token = randomBytes(18).toString('base64url');
  const here = (path: string) => toWritten(path, source.cwd);
  const { username, uid } = userInfo();
  const text = writeInitialConfig({
    folder: here(places.folder),
    workspace,
    dataFolder: here(data),
    repository: localFolderOf(repository) === undefined ? repository : here(repository),
    passwordFile: here(passwordFile),
    approver: wish.approver,
    approverTokenHash: hashToken(token),
    ...(username === wish.approver ? {} : { requester: { name: username, uid } }),
  });
  await writeFile(
    sheet,
    writeRecoverySheet({ workspace, repository, passwordFile, secondPasswordFile, configFile: config, restic }),
    { mode: 0o600 },
  );
  await writeFile(config, text, { mode: 0o644, flag: 'wx' });
  return {
    text: `${here(config)} protects ${here(places.folder)} as the workspace "${workspace}"; its repository is ready.`,
    tone: 'good',
    fields: [
      ['Configuration', config],
      ['Repository', repository],
      ['Password', passwordFile],
      ['Second password', `${secondPasswordFile} (put it into a safe, then delete it here)`],
      ['Recovery sheet', `${sheet} (print it)`],
      [`Token of ${wish.approver}`, `${token} (shown this once: hand it to the person who approves restores)`],
    ],
    json: {
      config,
      workspace,
      repository,
      passwordFile,
      secondPasswordFile,
      recoverySheet: sheet,
      approver: wish.approver,
      approverToken: token,
    },
    hint: `Look at ${here(config)}, then: cml check ${workspace}`,
  };
}

async function planPlaces(source: ConfigSource, wish: InitWish) {
  const folder = resolve(source.cwd, wish.folder);
  const config = resolve(source.cwd, source.path ?? 'cml.yaml');
  if (existsSync(config)) {
    throw new UserError('bad-input', `${config} is there already; nothing was changed.`, {
      hint: 'Add the workspace to it by hand, or run `cml init` in another folder.',
    });
  }
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new UserError('bad-input', `There is no folder ${folder}.`, {
      hint: 'Name the folder that is to be protected.',
    });
  }
  const workspace =
    wish.workspace ??
    basename(folder)
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, '-')
      .replace(/^-+|-+$/g, '');
  if (!workspaceName.safeParse(workspace).success) {
    throw new UserError('bad-input', `"${workspace}" cannot be a workspace's name.`, {
      hint: 'Give one with --workspace.',
    });
  }
  if (wish.approver === userInfo().username) {
    throw new UserError('bad-input', `${wish.approver} is you: a restore needs another person's approval.`, {
      hint: 'Name somebody else with --approver, or leave it out.',
    });
  }
  const data = resolve(source.cwd, 'cml-data');
  const repository = wish.repository ?? resolve(source.cwd, 'cml-repository');
  for (const place of [source.cwd, data, localFolderOf(repository)].filter((path) => path !== undefined)) {
    if (!isInside(resolve(source.cwd, place), folder)) continue;
    throw new UserError('bad-input', `${resolve(source.cwd, place)} is inside ${folder}, which would back up itself.`, {
      hint: 'Run `cml init` from a folder outside of what is to be protected.',
    });
  }
  return {
    folder,
    workspace,
    config,
    data,
    repository: localFolderOf(repository) === undefined ? repository : resolve(source.cwd, repository),
    passwordFile: join(data, 'secrets', `${workspace}.password`),
    secondPasswordFile: join(data, 'secrets', `${workspace}.second-password`),
    sheet: resolve(source.cwd, `${workspace}-recovery-sheet.txt`),
  };
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!way.startsWith('..') && !way.startsWith('/'));
}

/** Relative and readable where that is shorter to read; absolute where it would climb. */
function toWritten(path: string, cwd: string): string {
  const way = relative(cwd, path);
  return way.startsWith('..') ? path : `./${way}`;
}

/** An existing password is kept: it opens an existing repository. */
async function writeNewSecret(path: string): Promise<void> {
  if (existsSync(path)) return;
  await writeFile(path, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
}

/** Answers the restic that it was created with. */
async function createRepository(source: ConfigSource, places: Awaited<ReturnType<typeof planPlaces>>): Promise<string> {
  const { workspace, repository, passwordFile, secondPasswordFile } = places;
  const work = await mkdtemp(join(tmpdir(), 'cml-init-'));
  const run = createLocalRunProgram();
  const cacheFolder = join(work, 'cache');
  try {
    const { command } = await findRestic(resticCandidates(source.environment), run, { cacheFolder, workspace });
    const settings = resticSettings.parse({ kind: 'restic', location: repository, passwordFile });
    const mover = createResticMover({ settings, workspace, run, candidates: [command], cacheFolder });
    await mover.init({ folder: work, key: 'init' });
    await mover.addKey(secondPasswordFile, { folder: work, key: 'add-key' });
    return command;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

export async function showConfig(source: ConfigSource): Promise<Answer> {
  const config = await readConfig(source);
  return {
    text: `${config.path} is in order.`,
    tone: 'good',
    fields: writeExplanation(config).map((line): [string, string] => ['', line]),
    json: JSON.parse(JSON.stringify(explainConfig(config))),
  };
}
