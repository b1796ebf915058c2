import { OperationError } from '../../errors.ts';
import type { RunProgram } from '../../program.ts';
import { type Counted, readCounts } from '../../records/counted.ts';
import type { CountMoment, EffectOptions } from '../platform.ts';
import { programEnvironment } from '../program-environment.ts';
import type { LocalContext } from './context.ts';
import { scratchFolder } from './scratch.ts';

interface CheckWorld {
  readonly context: LocalContext;
  readonly run: RunProgram;
  readonly operationId: string;
  /** Of the operation. */
  readonly folder: string;
}

type Check = LocalContext['settings']['checks'][number];

/** People wait for the stop while the first count is made. */
const COUNTS_WITHIN_MS = 60_000;

/** Each check finds its parts through CML_SCRATCH, one folder for each part by its name; its output may count them. */
export async function runChecks(world: CheckWorld, { signal }: EffectOptions): Promise<Counted[]> {
  const found: Counted[] = [];
  for (const [index, check] of world.context.settings.checks.entries()) {
    const env = { CML_SCRATCH: scratchFolder(world.context, world.operationId) };
    const { exitCode, stderr, lines } = await say(world, check, { key: `check-${index}`, env, signal });
    if (exitCode !== 0) {
      throw new OperationError(
        'check-failed',
        `the check ${check.name} does not accept what came back: ${stderr.at(-1) ?? `exit code ${exitCode}`}`,
        { hint: 'look at its output in the operation’s folder; the backup stays as it is' },
      );
    }
    found.push({ check: check.name, counts: readCounts(lines) });
  }
  return found;
}

/** What the checks with a command for the time of the cut count in the live workspace. One that cannot is told, not thrown. */
export async function countAtCut(
  world: CheckWorld,
  moment: CountMoment,
  { signal }: EffectOptions,
): Promise<Counted[]> {
  const found: Counted[] = [];
  for (const [index, check] of world.context.settings.checks.entries()) {
    if (check.atCut === undefined) continue;
    const key = `count-${index}-${moment}`;
    found.push({ check: check.name, ...(await countOnce(world, { ...check, command: check.atCut }, key, signal)) });
  }
  return found;
}

async function countOnce(
  world: CheckWorld,
  check: Check,
  key: string,
  signal: AbortSignal | undefined,
): Promise<Pick<Counted, 'counts' | 'problem'>> {
  const patience = AbortSignal.timeout(COUNTS_WITHIN_MS);
  const within = signal ? AbortSignal.any([signal, patience]) : patience;
  try {
    const { exitCode, stderr, lines } = await say(world, check, { key, env: {}, signal: within });
    if (exitCode === 0) return { counts: readCounts(lines) };
    return { problem: stderr.at(-1) ?? `it ended with ${exitCode}` };
  } catch (error) {
    signal?.throwIfAborted();
    if (patience.aborted) return { problem: `it took longer than ${COUNTS_WITHIN_MS / 1_000} s` };
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

async function say(
  { run, operationId, folder }: CheckWorld,
  { command, folder: from }: Check,
  { key, env, signal }: { key: string; env: Record<string, string>; signal: AbortSignal | undefined },
) {
  const [program = '', ...args] = command;
  const lines: string[] = [];
  const result = await run(
    {
      ...{ key, args, command: program, fresh: true },
      ...(from === undefined ? {} : { cwd: from }),
      env: { ...programEnvironment(), ...env, CML_OPERATION: operationId },
    },
    { folder, onLine: (line) => lines.push(line), ...(signal ? { signal } : {}) },
  );
  return { ...result, lines };
}
