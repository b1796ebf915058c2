import { mkdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { OperationError, PortError } from '../../errors.ts';
import type { BackupPlan } from '../../records/plan.ts';
import { moment } from '../../records/time.ts';
import type { EffectOptions, Quiet, Snapshot } from '../platform.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { configuredPart } from './parts.ts';
import { assertSameQuiet } from './quiet.ts';
import { runCommand } from './run-command.ts';
import { readState, removeState, writeState } from './state-file.ts';

/** Written before a snapshot is made: one that exists and is recorded nowhere would stay for ever. */
const madeSnapshot = z.object({
  part: z.string(),
  path: z.string(),
  /** What drops it, kept here because the configuration may change meanwhile. */
  drop: z.array(z.string()),
  takenAt: moment,
  quietToken: z.string(),
  state: z.enum(['making', 'made']),
});
const madeSnapshots = z.array(madeSnapshot);
type MadeSnapshot = z.infer<typeof madeSnapshot>;

const COMMAND_MS = 300_000;

export async function makeSnapshots(
  context: LocalContext,
  operationId: string,
  plan: BackupPlan,
  quiet: Quiet,
  options: EffectOptions,
): Promise<Snapshot[]> {
  await assertSameQuiet(context, quiet);
  const snapshots: Snapshot[] = [];
  for (const { name, capture } of plan.parts) {
    if (capture === 'snapshot') snapshots.push(await makeSnapshot(context, operationId, name, quiet, options));
  }
  return snapshots;
}

async function makeSnapshot(
  context: LocalContext,
  operationId: string,
  name: string,
  quiet: Quiet,
  options: EffectOptions,
): Promise<Snapshot> {
  const { snapshot: commands } = configuredPart(context.settings, name);
  if (!commands) {
    throw new OperationError('plan-changed', `no commands are configured that make a snapshot of ${name}`, {
      hint: 'put snapshot: { make, drop, path } back into cml.yaml, or choose another capture',
    });
  }
  const known = (await readMade(context, operationId)).find(({ part }) => part === name);
  if (known?.state === 'made' && known.quietToken === quiet.token) return known;
  // One that was begun and not finished, or that belongs to another quiet time, is of no use to anyone.
  if (known) await runFor(context, operationId, known.drop, known.part, options);
  const making: MadeSnapshot = {
    part: name,
    path: commands.path,
    drop: commands.drop,
    takenAt: context.clock.now().toISOString(),
    quietToken: quiet.token,
    state: 'making',
  };
  await record(context, operationId, making);
  await runFor(context, operationId, commands.make, name, options);
  await assertReadable(making);
  await record(context, operationId, { ...making, state: 'made' });
  return { part: making.part, path: making.path, takenAt: making.takenAt };
}

export async function dropSnapshots(context: LocalContext, operationId: string): Promise<void> {
  for (const { drop, part } of await readMade(context, operationId)) {
    await runFor(context, operationId, drop, part, {});
  }
  await removeState(stateFiles.snapshots(context.folder, operationId));
}

async function readMade(context: LocalContext, operationId: string): Promise<MadeSnapshot[]> {
  return (await readState(stateFiles.snapshots(context.folder, operationId), madeSnapshots)) ?? [];
}

async function record(context: LocalContext, operationId: string, made: MadeSnapshot): Promise<void> {
  const others = (await readMade(context, operationId)).filter(({ part }) => part !== made.part);
  await writeState(stateFiles.snapshots(context.folder, operationId), [...others, made]);
}

async function runFor(
  context: LocalContext,
  operationId: string,
  words: readonly string[],
  part: string,
  { signal }: EffectOptions,
): Promise<void> {
  const output = join(context.folder, 'snapshots.log');
  mkdirSync(context.folder, { recursive: true, mode: 0o700 });
  const environment = { CML_OPERATION: operationId, CML_PART: part };
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

function notThere(part: string, path: string, cause: unknown): OperationError {
  return new OperationError('part-missing', `the snapshot of ${part} was made but is not a folder at ${path}`, {
    cause,
    hint: 'make sure that the configured path is where the make command puts it',
  });
}
