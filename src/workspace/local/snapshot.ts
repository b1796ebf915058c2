import { mkdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { doAll } from '../../do-all.ts';
import { OperationError, PortError } from '../../errors.ts';
import type { BackupPlan } from '../../records/plan.ts';
import type { EffectOptions, Quiet } from '../platform.ts';
import type { Snapshot } from '../snapshot.ts';
import { btrfsCommands, creationTimeOf, isSubvolume } from './btrfs.ts';
import type { LocalContext } from './context.ts';
import { inodeOf } from './file-facts.ts';
import { configuredPart } from './parts.ts';
import { assertSameQuiet } from './quiet.ts';
import { runCommand } from './run-command.ts';
import { forgetSnapshot, type MadeSnapshot, readSnapshots, recordSnapshot, takeOverPlace } from './snapshot-record.ts';
import { type SnapshotWay, snapshotWay } from './snapshot-way.ts';

const COMMAND_MS = 300_000;

interface Making {
  readonly context: LocalContext;
  readonly operationId: string;
  readonly part: string;
  readonly options: EffectOptions;
}

export async function makeSnapshots(
  context: LocalContext,
  operationId: string,
  plan: BackupPlan,
  quiet: Quiet,
  options: EffectOptions,
): Promise<Snapshot[]> {
  await assertSameQuiet(context, quiet);
  const snapshots: Snapshot[] = [];
  for (const { name: part, capture } of plan.parts) {
    if (capture === 'snapshot') snapshots.push(await makeSnapshot({ context, operationId, part, options }, quiet));
  }
  return snapshots;
}

async function makeSnapshot(making: Making, quiet: Quiet): Promise<Snapshot> {
  const { context, operationId, part } = making;
  const known = (await readSnapshots(context, operationId)).find((one) => one.part === part);
  if (known?.state === 'made' && known.quietToken === quiet.token) return answer(known);
  // One that was begun and not finished, or that belongs to another quiet time, is of no use to anyone.
  if (known) await drop(making, known);
  // Looked at once more: a subvolume that services made inside since the plan would be lost in silence.
  const way = await snapshotWay(configuredPart(context.settings, part));
  if (way.by === 'nothing') throw impossible(part, way.why);
  const begun: MadeSnapshot = {
    part,
    path: way.path,
    by: way.by,
    drop: way.by === 'commands' ? way.drop : btrfsCommands.remove(way.path),
    takenAt: context.clock.now().toISOString(),
    quietToken: quiet.token,
    state: 'making',
  };
  await recordSnapshot(context, operationId, begun);
  const made: MadeSnapshot = { ...begun, takenAt: await make(making, begun, way), state: 'made' };
  await recordSnapshot(context, operationId, made);
  return answer(made);
}

/** Answers its instant. */
async function make(
  making: Making,
  begun: MadeSnapshot,
  way: Exclude<SnapshotWay, { by: 'nothing' }>,
): Promise<string> {
  if (way.by === 'commands') {
    await run(making, way.make);
    await assertReadable(begun);
    return begun.takenAt;
  }
  await takeOverPlace(making.context, making.operationId, way.path);
  await drop(making, begun);
  await run(making, btrfsCommands.snapshot(way.subvolume, way.path));
  await assertReadable(begun);
  const madeAt = (await creationTimeOf(way.path)).toISOString();
  // Its own account is cut to whole seconds, so that it may read as before services were stopped.
  return madeAt > begun.takenAt ? madeAt : begun.takenAt;
}

/** Forgets each as it goes: a configured command need not be able to drop twice. */
export async function dropSnapshots(context: LocalContext, operationId: string): Promise<void> {
  const made = await readSnapshots(context, operationId);
  await doAll(
    made.map((one) => async () => {
      await drop({ context, operationId, part: one.part, options: {} }, one);
      await forgetSnapshot(context, operationId, one.part);
    }),
  );
}

async function drop(making: Making, made: MadeSnapshot): Promise<void> {
  if (made.by === 'btrfs' && !(await isSubvolume(made.path))) {
    if ((await inodeOf(made.path)) === null) return;
    throw new PortError('platform-unavailable', `${made.path} is in the way of the snapshot of ${made.part}`, {
      hint: 'it is not a snapshot of ours: move it away',
    });
  }
  await run(making, made.drop);
}

async function run({ context, operationId, part, options }: Making, words: readonly string[]): Promise<void> {
  const output = join(context.folder, 'snapshots.log');
  mkdirSync(context.folder, { recursive: true, mode: 0o700 });
  const environment = { CML_OPERATION: operationId, CML_PART: part };
  const { signal } = options;
  if (await runCommand(words, { environment, timeoutMs: COMMAND_MS, output, signal })) return;
  throw new PortError('platform-unavailable', `the snapshot command "${words.join(' ')}" for ${part} failed`, {
    retryable: true,
    hint: `its output is in ${output}`,
  });
}

async function assertReadable({ part, path }: MadeSnapshot): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) return;
  } catch (cause) {
    throw notThere(part, path, cause);
  }
  throw notThere(part, path, undefined);
}

function answer({ part, path, takenAt }: MadeSnapshot): Snapshot {
  return { part, path, takenAt };
}

function impossible(part: string, why: string | undefined): OperationError {
  return new OperationError(
    'plan-changed',
    `no snapshot of ${part} can be made${why === undefined ? '' : `: ${why}`}`,
    {
      hint: 'look at cml check, then choose another capture or configure snapshot: { make, drop, path }',
    },
  );
}

function notThere(part: string, path: string, cause: unknown): OperationError {
  return new OperationError('part-missing', `the snapshot of ${part} was made but is not a folder at ${path}`, {
    cause,
    hint: 'make sure that the configured path is where the make command puts it',
  });
}
