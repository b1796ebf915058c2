import { explain, isAppError, OperationError } from '../../errors.ts';
import type { Program, RunProgram } from '../../program.ts';
import { type Counted, readCounts } from '../../records/counted.ts';
import type { CountMoment, EffectOptions } from '../platform.ts';
import type { StagedPart } from '../swaps.ts';
import { askDatabase, readDatabase } from './ask-database.ts';
import { ClusterRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { COUNT_RESTORED, FIND_DATABASE } from './count-rows-script.ts';
import { OUTPUT_FOLDER } from './program-script.ts';

const CHECK = 'rows';

type Rows = NonNullable<KubeContext['settings']['rows']>;

/** One row for each table: its name and how many rows it has. */
function questionFor({ tables }: Rows): string {
  return tables.map((table) => `select '${table}', count(*) from ${table}`).join(' union all ');
}

/** Of the live database, by a Job that is over before services stop. What keeps it from answering is told, not thrown. */
export async function countAtCut(
  context: KubeContext,
  operationId: string,
  moment: CountMoment,
  { signal }: EffectOptions,
): Promise<Counted[]> {
  const { rows } = context.settings;
  if (rows === undefined) return [];
  const question = { says: questionFor(rows), about: `rows-${moment}`, operationId };
  try {
    return [{ check: CHECK, counts: readCounts(await askDatabase(context, rows, question, signal)) }];
  } catch (cause) {
    signal?.throwIfAborted();
    if (!isAppError(cause) && !(cause instanceof ClusterRefusal)) throw cause;
    return [{ check: CHECK, problem: explain(cause) }];
  }
}

interface RestoredWorld {
  readonly context: KubeContext;
  readonly run: RunProgram;
  readonly scratch: readonly StagedPart[];
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Of what came back: the database is started on the scratch volume, where nobody can reach it, in its own image and as the
 * user who owns its files.
 * @throws OperationError `check-failed` when it does not start or answer.
 */
export async function countRestored(world: RestoredWorld): Promise<Counted[]> {
  const { context, scratch } = world;
  const { rows } = context.settings;
  if (rows === undefined) return [];
  const place = scratch.find(({ part }) => part === rows.part);
  if (!place) throw failed(`there is no part "${rows.part}"`);
  const places = [{ path: place.path, access: 'write' as const }];
  const [found] = await say(world, { key: 'find-rows', ...shell(FIND_DATABASE, [place.path]), needs: { places } });
  const [, uid, data] = /^\d+ (\d+) (\/.*)$/.exec(found ?? '') ?? [];
  if (data === undefined) throw failed(`there is no database in "${rows.part}"`);
  const { container } = await readDatabase(context, rows);
  if (!container?.image) throw failed(`there is no StatefulSet ${rows.service} whose image could start it`);
  const words = [data, rows.user, rows.database, questionFor(rows), OUTPUT_FOLDER];
  const needs = { places, image: container.image, uid: Number(uid) };
  const lines = await say(world, { key: 'count-rows', ...shell(COUNT_RESTORED, words), needs });
  return [{ check: CHECK, counts: readCounts(lines) }];
}

function shell(script: string, words: readonly string[]): Pick<Program, 'command' | 'args'> {
  return { command: 'sh', args: ['-c', script, 'rows', ...words] };
}

async function say({ run, folder, signal }: RestoredWorld, program: Program): Promise<string[]> {
  const lines: string[] = [];
  const take = (line: string) => lines.push(line);
  const { exitCode, stderr } = await run(program, { folder, onLine: take, ...(signal ? { signal } : {}) });
  if (exitCode === 0) return lines;
  throw failed(stderr.at(-1) ?? `${program.key} ended with ${exitCode}`);
}

function failed(why: string): OperationError {
  return new OperationError('check-failed', `the check ${CHECK} could not count what came back: ${why}`, {
    hint: 'look at platform.rows in cml.yaml and at what the database says; the backup stays as it is',
  });
}
