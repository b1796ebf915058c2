import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { DEMO_MARK, type DemoWorkspace } from './workspace.ts';

/** The product as the demo knows it: a command line and nothing else. One function for each thing that people say. */
const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));

interface Said {
  readonly exitCode: number;
  /** The one JSON document on standard output; undefined when there is none. */
  readonly answer: unknown;
}

const backupAnswer = z.looseObject({
  id: z.string(),
  status: z.string(),
  takenAt: z.string(),
  durationMs: z.number(),
  downtimeMs: z.number(),
  bytes: z.number(),
  files: z.number(),
});
export type BackupAnswer = z.infer<typeof backupAnswer>;

const checkAnswer = z.looseObject({
  ready: z.boolean(),
  findings: z.array(z.looseObject({ state: z.string(), says: z.string() })),
});
const requestAnswer = z.looseObject({ id: z.string(), status: z.string() });
const restoreAnswer = z.looseObject({ status: z.string(), downtimeMs: z.number() });
const service = z.looseObject({ running: z.boolean(), ready: z.boolean() });
const statusAnswer = z.looseObject({ workspaces: z.tuple([z.looseObject({ services: z.array(service) })]) });

/**
 * Creates the repository. The configuration that `init` suggests goes beside the demo's own, which has more in it:
 * `init` would add its workspace to a `cml.yaml` that is there.
 */
export async function createRepository(workspace: DemoWorkspace): Promise<void> {
  const words = ['init', './team-ml', '--workspace', workspace.name, '--repository', './repository'];
  await sayAndExpect(workspace, [...words, '--approver', 'bob', '--config', './cml-as-suggested.yaml']);
}

export async function startServices(workspace: DemoWorkspace): Promise<void> {
  await sayAndExpect(workspace, ['start', workspace.name, '--as', 'alice']);
}

/** Throws with the findings when the workspace cannot be backed up. */
export async function checkWorkspace(workspace: DemoWorkspace): Promise<void> {
  const words = ['check', workspace.name, '--as', 'alice'];
  const { ready, findings } = checkAnswer.parse(await sayAndExpect(workspace, words));
  const bad = findings.filter(({ state }) => state === 'bad').map(({ says }) => says);
  if (!ready) throw new Error(`"cml ${words.join(' ')}" found: ${bad.join(' ')}`);
}

export async function backUp(workspace: DemoWorkspace): Promise<BackupAnswer> {
  const words = ['backup', workspace.name, '--as', 'alice', '--notice', '3s', '--reason', 'the demo'];
  return read(backupAnswer, 'backup', await sayAndExpect(workspace, words));
}

/** Answers the id of the request. */
export async function askForRestore(workspace: DemoWorkspace, backupId: string): Promise<string> {
  const words = ['restore', backupId, '--as', 'alice', '--confirm', workspace.name, '--reason', 'we were damaged'];
  return read(requestAnswer, 'request', await sayAndExpect(workspace, words)).id;
}

/** The requester approves the own request: the product must refuse with exit code 3. */
export async function approveOwnRequest(workspace: DemoWorkspace, requestId: string): Promise<'refused' | 'accepted'> {
  const said = await say(workspace, ['approve', requestId, '--as', 'alice']);
  if (said.exitCode !== 0 && said.exitCode !== 3) throw unexpected(['approve', requestId], said);
  return said.exitCode === 3 ? 'refused' : 'accepted';
}

/** Another person approves; answers when the restore has ended. */
export async function approveAndWait(
  workspace: DemoWorkspace,
  requestId: string,
): Promise<z.infer<typeof restoreAnswer>> {
  return read(restoreAnswer, 'restore', await sayAndExpect(workspace, ['approve', requestId, '--as', 'bob', '--wait']));
}

export async function servicesAreUp(workspace: DemoWorkspace): Promise<boolean> {
  const answer = await sayAndExpect(workspace, ['status', workspace.name, '--as', 'alice']);
  const [{ services }] = statusAnswer.parse(answer).workspaces;
  return services.length > 0 && services.every((service) => service.running && service.ready);
}

/** The list of backups as people see it. */
export async function listBackups(workspace: DemoWorkspace): Promise<string> {
  return (await run(workspace, ['list', workspace.name, '--as', 'alice'])).stdout;
}

/** What to type at the demo's end: exactly what this file runs. */
export function writeCommand(words: readonly string[]): string {
  return `node ${MAIN} ${words.join(' ')}`;
}

async function sayAndExpect(workspace: DemoWorkspace, words: readonly string[]): Promise<unknown> {
  const said = await say(workspace, words);
  if (said.exitCode !== 0) throw unexpected(words, said);
  return said.answer;
}

async function say(workspace: DemoWorkspace, words: readonly string[]): Promise<Said> {
  const { exitCode, stdout } = await run(workspace, [...words, '--json']);
  return { exitCode, answer: stdout.trim() === '' ? undefined : JSON.parse(stdout) };
}

/** Its standard error is shown as it comes, set apart from what the demo says. */
async function run(workspace: DemoWorkspace, words: readonly string[]) {
  process.stderr.write(`  $ cml ${words.join(' ')}\n`);
  const child = spawn(process.execPath, [MAIN, ...words], {
    cwd: workspace.folder,
    env: { ...process.env, [DEMO_MARK]: workspace.folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  createInterface({ input: child.stderr }).on('line', (line) => process.stderr.write(`    ${line}\n`));
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  return { exitCode, stdout };
}

/** The record stands under its name beside other things. */
function read<T>(schema: z.ZodType<T>, name: string, answer: unknown): T {
  return schema.parse(z.looseObject({ [name]: z.unknown() }).parse(answer)[name]);
}

/** What the product said about it stands above on the terminal already. */
function unexpected(words: readonly string[], said: Said): Error {
  return new Error(`"cml ${words.join(' ')}" ended with exit code ${said.exitCode}`);
}
