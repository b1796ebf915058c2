import { expect, type TestContext } from 'vitest';
import type { Operation } from '../../../src/records/operation.ts';
import type { ControlPlaneBench } from '../../e2e/control-plane-bench.ts';
import { findProcesses, until } from '../../e2e/processes.ts';
import { compare } from '../../walker.ts';
import { readBackups } from '../judge.ts';
import type { TableRow } from '../write-table.ts';

export type Here = Pick<TestContext, 'onTestFinished'>;

export interface Row extends TableRow {
  /** Played also where only some are. */
  readonly isSampled?: true;
  /** Plays it; answers what was seen, and throws when that is not what was expected. */
  play(here: Here): Promise<string>;
}

export interface Kept {
  /** Services may be down, if people were paged. */
  readonly mayBeDown?: true;
}

/** The promises after a fault, read from the outside; each sentence is something that was not kept. */
export async function judge(bench: ControlPlaneBench, { mayBeDown }: Kept = {}): Promise<string[]> {
  await until('nothing is open', async () => (await bench.operations('open')).length === 0, 10_000).catch(
    () => undefined,
  );
  const { areServicesUp } = bench.double.state('ml-prod');
  const isPaged = (await bench.pages()) !== '';
  const down =
    areServicesUp || (mayBeDown && isPaged) ? [] : [`services are down, ${isPaged ? '' : 'nobody was '}paged`];
  const open = (await bench.operations('open')).map(({ id }) => `the operation ${id} is open`);
  return [...down, ...open, ...judgeEffects(bench), ...(await judgeBackups(bench)), ...(await judgePrograms(bench))];
}

/** Asked for once for one operation, whatever was lost on the way; what was refused with 429 surely was not begun. */
function judgeEffects({ double }: ControlPlaneBench): string[] {
  const sent = double.calls.of('backupWorkspace').filter(({ answered }) => answered !== 429);
  const names = sent.map(({ request }) => String(request.backupName));
  return names.filter((name, at) => names.indexOf(name) !== at).map((name) => `${name} was asked for twice`);
}

async function judgeBackups(bench: ControlPlaneBench): Promise<string[]> {
  const there = bench.double.state('ml-prod').backups;
  const problems: string[] = [];
  for (const backup of await readBackups(bench)) {
    if (backup.status !== 'completed') continue;
    const kept = backup.parts.find(({ kind }) => kind === 'vendor')?.kept;
    const standing = there.find(({ crn }) => crn === kept?.crn);
    if (standing?.status !== 'backup:finished') {
      problems.push(`${backup.id} is called completed, and the control plane says ${standing?.status} of it`);
    }
    const projects = backup.parts.find(({ name }) => name === 'projects');
    if (projects?.approximate !== undefined) continue;
    const differences = compare(bench.pictureAtCut(kept?.crn), await bench.held(backup));
    problems.push(...differences.map((said) => `${backup.id}: ${said}`));
  }
  return problems;
}

async function judgePrograms({ folder }: ControlPlaneBench): Promise<string[]> {
  const left = () => findProcesses('CML_PROGRAM=').filter((pid) => findProcesses(folder).includes(pid));
  await until('programs have ended', () => left().length === 0, 3_000).catch(() => undefined);
  return left().map((pid) => `the program ${pid} was left running`);
}

/** Waits until people are paged; answers what was seen then. */
export async function paged(bench: ControlPlaneBench, running: Promise<unknown>, withinMs = 90_000): Promise<string> {
  running.catch(() => undefined); // when nobody is paged, that is told
  await until('people are paged', async () => (await bench.pages()) !== '', withinMs);
  return tell(bench);
}

/** What became of it, in the table's words. */
export async function tell(bench: ControlPlaneBench, operation?: Pick<Operation, 'status' | 'error'>): Promise<string> {
  const backups = (await readBackups(bench)).filter(({ status }) => status === 'completed');
  const approximate = backups.filter(({ parts }) => parts.some((part) => part.approximate !== undefined));
  return [
    ...(operation ? [`${operation.status}${operation.error ? ` (${operation.error.code})` : ''}`] : []),
    bench.double.state('ml-prod').areServicesUp ? 'services up' : 'services DOWN',
    (await bench.pages()) === '' ? 'nobody paged' : 'people paged',
    `sent ${bench.double.calls.of('backupWorkspace').length}, begun ${bench.begun()}`,
    `${backups.length} completed${approximate.length > 0 ? ', approximate' : ''}`,
  ].join(', ');
}

/** A backup that was asked for, to its end. */
export async function backUp(bench: ControlPlaneBench): Promise<Operation> {
  const said = await bench.backUp();
  if (said.answer.operation === undefined && said.answer.error === undefined) throw new Error(said.stderr);
  return bench.settled();
}

/** What was asked for ended so, and every promise was kept. */
export async function expectEnd(
  bench: ControlPlaneBench,
  operation: Operation,
  expected: Partial<Pick<Operation, 'status'>> & { readonly code?: string; readonly begun?: number },
  kept: Kept = {},
): Promise<string> {
  const { status, error } = operation;
  const seen = { status, code: error?.code, begun: bench.begun() };
  expect({ ...seen, error }).toMatchObject(expected);
  expect(await judge(bench, kept)).toEqual([]);
  return tell(bench, operation);
}
