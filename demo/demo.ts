import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';
import {
  approveAndWait,
  approveOwnRequest,
  askForRestore,
  type BackupAnswer,
  backUp,
  checkWorkspace,
  createRepository,
  listBackups,
  servicesAreUp,
  startServices,
  writeCommand,
} from './command-line.ts';
import { damage } from './damage.ts';
import { answers, observe } from './observer.ts';
import { endEverything, startWriter } from './processes.ts';
import { compareWithPicture, type Picture, proveRows, readAcknowledged, takePicture } from './proof.ts';
import { type DemoWorkspace, MADE_BY_DEMO, setUpWorkspace } from './workspace.ts';

/** The last line on standard output; lengths of time in milliseconds. */
interface Result {
  readonly backup: Pick<BackupAnswer, 'id' | 'status' | 'durationMs' | 'downtimeMs' | 'bytes' | 'files'>;
  readonly selfApproval: 'refused' | 'accepted';
  readonly restore: { readonly status: string; readonly downtimeMs: number; readonly identical: boolean };
  readonly services: 'up' | 'down';
}

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    folder: { type: 'string', default: fileURLToPath(new URL('../../demo-run', import.meta.url)) },
  },
});
const folder = isAbsolute(options.folder) ? options.folder : resolve(options.folder);
const staysUp = !options.json && process.stdout.isTTY === true;

const interrupted = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
});

// waiting for a signal alone does not keep a process alive
setInterval(() => undefined, 60_000);

try {
  await makeRoom();
  const ended = await Promise.race([runDemo(), interrupted]);
  if (ended && staysUp) {
    tellNextSteps(ended.workspace);
    await interrupted;
  }
  process.exitCode = ended && isGood(ended.result) ? 0 : 1;
  say('Stopping what the demo started');
  await endEverything(folder);
  if (ended && !staysUp) process.stdout.write(`${JSON.stringify(ended.result)}\n`);
} catch (cause) {
  process.stderr.write(`\nThe demo failed: ${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
  await endEverything(folder);
}
// a command of the product that was interrupted may still be held open by us
process.exit();

async function runDemo(): Promise<{ workspace: DemoWorkspace; result: Result }> {
  const workspace = await setUp();
  const picture = await takePicture(workspace);
  if (picture.projects.attributes === 'not read') tell('(extended attributes are not compared: getfattr is missing)');
  const backup = await showBackup(workspace);
  await showDamage(workspace, picture);
  const { selfApproval, requestId } = await showApproval(workspace, backup);
  const restore = await showRestore(workspace, requestId, picture, backup);
  say('The backups');
  process.stderr.write(`${await listBackups(workspace)}\n`);
  const services = (await servicesAreUp(workspace)) && (await answers(`${workspace.webUrl}/health`)) ? 'up' : 'down';
  const { id, status, durationMs, downtimeMs, bytes, files } = backup;
  const result: Result = {
    backup: { id, status, durationMs, downtimeMs, bytes, files },
    selfApproval,
    restore,
    services,
  };
  return { workspace, result };
}

/** A folder of an earlier demo is replaced; anything else is left alone. */
async function makeRoom(): Promise<void> {
  if (!existsSync(folder)) return;
  if (!existsSync(join(folder, MADE_BY_DEMO))) {
    throw new Error(`${folder} is not a folder of an earlier demo: name another one with --folder`);
  }
  await endEverything(folder);
  await rm(folder, { recursive: true });
}

async function setUp(): Promise<DemoWorkspace> {
  say('A workspace: a web service, a database on its volume, project files, one external folder');
  const workspace = await setUpWorkspace(folder);
  tell(`${workspace.projectFiles} project files below ${folder}`);
  await createRepository(workspace);
  await startServices(workspace);
  startWriter(workspace);
  await until('the writer has rows acknowledged', async () => {
    return existsSync(workspace.acknowledged) && (await readAcknowledged(workspace)).length >= 50;
  });
  tell('a writer keeps inserting rows and notes each one that the database acknowledged');
  await checkWorkspace(workspace);
  return workspace;
}

async function showBackup(workspace: DemoWorkspace): Promise<BackupAnswer> {
  say('A backup: people are told, services stop only for the cut');
  const outside = observe(`${workspace.webUrl}/health`);
  const backup = await backUp(workspace);
  const seen = await outside.end();
  tell(`${backup.id} ${backup.status}: ${backup.files} files, ${prettyBytes(backup.bytes)}`);
  tell(
    `services were down ${prettyMilliseconds(backup.downtimeMs)} of ${prettyMilliseconds(backup.durationMs)};` +
      ` seen from outside: not answering for ${prettyMilliseconds(seen.downMs)} of ${prettyMilliseconds(seen.observedMs)}`,
  );
  return backup;
}

async function showDamage(workspace: DemoWorkspace, picture: Picture): Promise<void> {
  say('The damage');
  const done = await damage(workspace);
  tell(
    `${done.filesDeleted} files deleted, ${done.filesRewritten} rewritten, ${done.modesChanged} permissions changed,` +
      ` ${done.rowsDropped} rows dropped`,
  );
  const differences = await compareWithPicture(workspace, picture);
  if (differences.length === 0) throw new Error('the walker sees no damage: it cannot be trusted');
  tell(`the walker finds ${differences.length} differences, for example:`);
  for (const difference of differences.slice(0, 3)) tell(`  ${difference}`);
}

async function showApproval(workspace: DemoWorkspace, backup: BackupAnswer) {
  say('A restore is asked for by alice, and needs someone else');
  const requestId = await askForRestore(workspace, backup.id);
  const selfApproval = await approveOwnRequest(workspace, requestId);
  tell(`alice approves her own request: ${selfApproval}`);
  return { requestId, selfApproval };
}

async function showRestore(
  workspace: DemoWorkspace,
  requestId: string,
  picture: Picture,
  backup: BackupAnswer,
): Promise<Result['restore']> {
  say('bob approves, and the workspace comes back');
  const { status, downtimeMs } = await approveAndWait(workspace, requestId);
  tell(`restore ${status}; services were down ${prettyMilliseconds(downtimeMs)}`);
  const differences = await compareWithPicture(workspace, picture);
  for (const difference of differences.slice(0, 20)) tell(`different: ${difference}`);
  tell(`the walker finds ${differences.length === 0 ? 'files, modes, links and times as at the cut' : 'differences'}`);
  const rows = await proveRows(workspace, backup.takenAt);
  tell(
    `${rows.acknowledgedBeforeCut - rows.missing.length} of ${rows.acknowledgedBeforeCut} rows acknowledged before` +
      ` the cut are there`,
  );
  return { status, downtimeMs, identical: differences.length === 0 && rows.missing.length === 0 };
}

function isGood(result: Result): boolean {
  return (
    result.backup.status === 'completed' &&
    result.selfApproval === 'refused' &&
    result.restore.status === 'succeeded' &&
    result.restore.identical &&
    result.services === 'up'
  );
}

function tellNextSteps(workspace: DemoWorkspace): void {
  say('Everything is still up. In another terminal:');
  tell(`cd ${workspace.folder}`);
  for (const words of [['status', workspace.name], ['list'], ['backup', workspace.name, '--now'], ['help']]) {
    tell(writeCommand([...words, '--as', 'alice']));
  }
  tell(`the web service: ${workspace.webUrl}/`);
  tell('Ctrl-C ends the demo and stops all of it.');
}

async function until(what: string, isSo: () => Promise<boolean>, patienceMs = 60_000): Promise<void> {
  const givesUpAt = Date.now() + patienceMs;
  while (!(await isSo())) {
    if (Date.now() > givesUpAt) throw new Error(`waited ${prettyMilliseconds(patienceMs)} in vain until ${what}`);
    await wait(50);
  }
}

function say(heading: string): void {
  process.stderr.write(`\n== ${heading}\n`);
}

function tell(line: string): void {
  process.stderr.write(`   ${line}\n`);
}
