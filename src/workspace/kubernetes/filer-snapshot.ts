import { join } from 'node:path';
import { PortError } from '../../errors.ts';
import { writeDuration } from '../../records/time.ts';
import type { KubeContext } from './context.ts';
import type { FoundPart } from './found.ts';
import { type NotedFiler, readSnapshots, writeSnapshots } from './snapshot-record.ts';

/** Services may be down meanwhile. */
const GRACE_MS = 5_000;
const DROPPED_WITHIN_MS = 300_000;

/** What is written down before the filer is asked: a snapshot that exists and stands nowhere would stay for ever. */
export function noteFiler({ name, volume, filer }: FoundPart): NotedFiler | undefined {
  if (!filer) return undefined;
  return { part: name, volume: volume.metadata?.name ?? '', ...filer, make: [...filer.make], drop: [...filer.drop] };
}

/** Has the filer make its snapshots, side by side, each once in a quiet time. @throws PortError with what a command said. */
export async function makeFilerSnapshots(
  context: KubeContext,
  operationId: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const record = await readSnapshots(context, operationId);
  const waiting = record?.filers.filter(({ isMade }) => !isMade) ?? [];
  if (!record || waiting.length === 0) return;
  const make = (noted: NotedFiler) =>
    run(context, operationId, noted, { words: noted.make, withinMs: context.settings.snapshotWithin, signal });
  const ends = await Promise.allSettled(waiting.map(make));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
  await writeSnapshots(context, operationId, {
    ...record,
    filers: record.filers.map((noted) => ({ ...noted, isMade: true })),
  });
}

/** Also of one that was perhaps never made: the command does nothing then. */
export async function dropFilerSnapshots(context: KubeContext, operationId: string): Promise<void> {
  const { filers = [] } = (await readSnapshots(context, operationId)) ?? {};
  const drop = (noted: NotedFiler) =>
    run(context, operationId, noted, { words: noted.drop, withinMs: DROPPED_WITHIN_MS, signal: undefined });
  const ends = await Promise.allSettled(filers.map(drop));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}

interface Command {
  readonly words: readonly string[];
  readonly withinMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Here, not near the data: it speaks to the filer. One key for both: what makes one is ended before that is dropped. */
async function run(
  { runHere, folder }: KubeContext,
  operationId: string,
  { part }: NotedFiler,
  { words, withinMs, signal }: Command,
): Promise<void> {
  if (folder === undefined) throw new Error('Commands for a filer are run by the server only');
  const [command = '', ...args] = words;
  const env = { CML_OPERATION: operationId, CML_PART: part };
  const program = { key: `filer-${part}`, command, args, env, graceMs: GRACE_MS, fresh: true };
  const late = AbortSignal.timeout(withinMs);
  const either = signal ? AbortSignal.any([signal, late]) : late;
  try {
    const { exitCode, stderr } = await runHere(program, { folder: join(folder, operationId), signal: either });
    if (exitCode !== 0) throw failed(part, words, stderr[0] ?? `it ended with ${exitCode}`);
  } catch (cause) {
    signal?.throwIfAborted();
    throw late.aborted ? failed(part, words, `it took longer than ${writeDuration(withinMs)}`, cause) : cause;
  }
}

function failed(part: string, words: readonly string[], why: string, cause?: unknown): PortError {
  return new PortError('platform-unavailable', `The command "${words.join(' ')}" for ${part} failed: ${why}`, {
    cause,
    retryable: true,
    hint: 'it runs where the server runs; look at the filer, or capture this part in two passes',
  });
}
