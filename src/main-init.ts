import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import type { Answer } from './chat/answer.ts';
import type { ConfigSource } from './config.ts';
import { readBasics } from './config-basics.ts';
import { type ConfigEdit, openConfig } from './config-file.ts';
import { type NewWorkspace, writeInitialConfig, writeRecoverySheet, writeWorkspace } from './config-init.ts';
import type { FoundOnCluster } from './config-init-kubernetes.ts';
import { UserError } from './errors.ts';
import { configPlace, type InitPlaces, type InitWish, planPlaces, toWritten } from './main-init-places.ts';
import { hashToken } from './main-people.ts';
import { resticCandidates } from './main-ports.ts';
import { newToken } from './main-token.ts';
import { findRestic } from './mover/restic/probe.ts';
import { createResticMover } from './mover/restic/restic-mover.ts';
import { resticSettings } from './mover/restic/settings.ts';
import { createLocalRunProgram } from './workspace/local/run-program.ts';

/** Somebody who is to approve and is not known yet. */
interface NewApprover {
  readonly name: string;
  readonly token: string;
}

/** A configuration that is ready to be written, and who comes into it. */
interface Draft {
  readonly places: InitPlaces;
  readonly approver: NewApprover | undefined;
  write(): Promise<void>;
}

/**
 * Writes cml.yaml, or one more workspace into the one that is there; creates the repository with two passwords, and the
 * recovery sheet. The configuration comes last: without it, all of this can be said again.
 */
export async function init(source: ConfigSource, wish: InitWish): Promise<Answer> {
  if (wish.approver === userInfo().username) {
    throw new UserError('bad-input', `${wish.approver} is you: a restore needs another person's approval.`, {
      hint: 'Name somebody else with --approver, or leave it out.',
    });
  }
  const config = configPlace(source);
  const draft = existsSync(config)
    ? await draftAnother({ ...source, path: config }, wish)
    : await draftFirst(source, wish);
  const { places } = draft;
  const { workspace, data, repository, passwordFile, secondPasswordFile, sheet } = places;
  await mkdir(join(data, 'secrets'), { recursive: true, mode: 0o700 });
  // Passwords first: a repository whose password was never written down would be lost.
  await writeNewSecret(passwordFile);
  await writeNewSecret(secondPasswordFile);
  const restic = await createRepository(source, places);
  const facts = { workspace, repository, passwordFile, secondPasswordFile, configFile: config, restic };
  await writeFile(sheet, writeRecoverySheet(facts), { mode: 0o600 });
  await draft.write();
  return answerInit(draft);
}

async function draftFirst(source: ConfigSource, wish: InitWish): Promise<Draft> {
  const places = await planPlaces(source, wish);
  const approver = { name: wish.approver ?? 'approver', token: newToken() };
  const { username, uid } = userInfo();
  const text = writeInitialConfig({
    ...describePlaces(places, [approver.name], await lookAtCluster(source, places, wish)),
    dataFolder: toWritten(places.data, places.base),
    approverTokenHash: hashToken(approver.token),
    ...(username === approver.name ? {} : { requester: { name: username, uid } }),
  });
  return { places, approver, write: () => writeFile(places.config, text, { mode: 0o644, flag: 'wx' }) };
}

async function draftAnother(source: ConfigSource, wish: InitWish): Promise<Draft> {
  const config = await openConfig(source);
  const { data } = await readBasics(source);
  const places = await planPlaces(source, wish, data);
  if (config.keysOf('workspaces').includes(places.workspace)) {
    throw new UserError('bad-input', `${config.path} has a workspace "${places.workspace}" already.`, {
      hint: 'Nothing was changed. Give the new one another name with --workspace.',
    });
  }
  const approvers = approversFor(config, wish);
  const isKnown = config.keysOf('people').includes(approvers[0]);
  const approver = isKnown ? undefined : { name: approvers[0], token: newToken() };
  const cluster = await lookAtCluster(source, places, wish);
  const described = writeWorkspace(describePlaces(places, approvers, cluster));
  let text = config.with(config.text, ['workspaces', places.workspace], described);
  if (approver) text = config.with(text, ['people', approver.name], `{ token: ${hashToken(approver.token)} }`);
  await config.check(text);
  return { places, approver, write: () => config.write(text) };
}

/** The one who is named, else those who approve for the other workspaces, else somebody new. */
function approversFor(config: ConfigEdit, { approver }: InitWish): readonly [string, ...string[]] {
  const [first = 'approver', ...others] = approver === undefined ? config.approvers() : [approver];
  return [first, ...others];
}

/** The client of a cluster is loaded only where one is asked for. */
async function lookAtCluster(
  source: ConfigSource,
  places: InitPlaces,
  wish: InitWish,
): Promise<FoundOnCluster | undefined> {
  if (wish.platform !== 'kubernetes') return undefined;
  const kubeconfig = wish.kubeconfig === undefined ? undefined : resolve(source.cwd, wish.kubeconfig);
  const { lookIntoNamespace } = await import('./main-init-cluster.ts');
  return lookIntoNamespace(source, places, { ...wish, kubeconfig });
}

function describePlaces(
  places: InitPlaces,
  approvers: NewWorkspace['approvers'],
  cluster: FoundOnCluster | undefined,
): NewWorkspace {
  const { base, folder, workspace, repository, passwordFile } = places;
  return {
    folder: toWritten(folder, base),
    cluster,
    workspace,
    repository: toWritten(repository, base),
    passwordFile: toWritten(passwordFile, base),
    approvers,
  };
}

function answerInit({ places, approver }: Draft): Answer {
  const { base, folder, workspace, config, repository, passwordFile, secondPasswordFile, sheet } = places;
  const here = (path: string) => toWritten(path, base);
  const shownOnce = '(shown this once: hand it to the person who approves restores)';
  return {
    text: `${here(config)} protects ${here(folder)} as the workspace "${workspace}"; its repository is ready.`,
    tone: 'good',
    fields: [
      ['Configuration', config],
      ['Repository', repository],
      ['Password', passwordFile],
      ['Second password', `${secondPasswordFile} (put it into a safe, then delete it here)`],
      ['Recovery sheet', `${sheet} (print it)`],
      ...(approver ? [[`Token of ${approver.name}`, `${approver.token} ${shownOnce}`] as [string, string]] : []),
    ],
    json: {
      ...{ config, workspace, repository, passwordFile, secondPasswordFile, recoverySheet: sheet },
      ...(approver ? { approver: approver.name, approverToken: approver.token } : {}),
    },
    hint: `Look at ${here(config)}, then: cml check ${workspace}`,
  };
}

/** An existing password is kept: it opens an existing repository. */
async function writeNewSecret(path: string): Promise<void> {
  if (existsSync(path)) return;
  await writeFile(path, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
}

/** Answers the restic that it was created with. */
async function createRepository(source: ConfigSource, places: InitPlaces): Promise<string> {
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
