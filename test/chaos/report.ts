import { CHAOS_KINDS, type ChaosWorld, type Trial, writeSeconds } from './chaos-world.ts';
import { wasUnwound, writeJournal } from './journals.ts';

/** One line as soon as it is over; with all that is known when something is wrong. */
export function tellTrial({ seed, workspace, say }: ChaosWorld, trial: Trial): void {
  const { name, kind, moments, operation, problems, recoveryMs } = trial;
  const killed = moments.length > 0 ? `: killed in ${moments.join(', then ')}` : '';
  const end = operation ? `; ${wasUnwound(operation) ? 'unwound' : operation.status}` : '';
  const up = recoveryMs === undefined ? '' : `; services up ${writeSeconds(recoveryMs)} after the restart`;
  say(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name}${kind ? ` (${kind})` : ''}${killed}${end}${up}`);
  if (problems.length === 0) return;
  for (const problem of problems) say(`  ${problem}`);
  if (operation) for (const line of writeJournal(operation)) say(`  ${line}`);
  say(`  CHAOS_SEED=${seed}; everything is kept in ${workspace.folder}`);
}

/** Plain lines; the last one is for programs to read. */
export function tellAll(world: ChaosWorld, trials: readonly Trial[]): void {
  const rounds = trials.filter(({ name }) => name.startsWith('round'));
  const kills = trials.reduce((sum, { moments }) => sum + moments.length, 0);
  const kinds = CHAOS_KINDS.map((kind) => {
    const of = trials.filter((trial) => trial.kind === kind && trial.operation);
    const unwound = of.filter(({ operation }) => operation && wasUnwound(operation)).length;
    return `${kind} ${of.length} (${unwound} unwound)`;
  });
  const steps = new Map<string, number>();
  for (const moment of trials.flatMap(({ moments, kind }) => moments.map((one) => `${kind}: ${bare(one)}`))) {
    steps.set(moment, (steps.get(moment) ?? 0) + 1);
  }
  const recoveries = trials.flatMap(({ recoveryMs }) => (recoveryMs === undefined ? [] : [recoveryMs]));
  world.say('');
  world.say(`rounds  ${rounds.length}`);
  world.say(`kills   ${kills}`);
  world.say(`kinds   ${kinds.join(', ')}`);
  for (const [index, [step, count]] of [...steps].toSorted(([a], [b]) => (a < b ? -1 : 1)).entries()) {
    world.say(`${index === 0 ? 'hit   ' : '      '}  ${String(count).padStart(4)}  ${step}`);
  }
  const worst = writeSeconds(Math.max(0, ...recoveries));
  world.say(`worst   ${worst} until services were up after a restart (${recoveries.length} restarts found them down)`);
  world.say(`seed    ${world.seed}`);
  const failed = trials.filter(({ problems }) => problems.length > 0).length;
  world.say(`${trials.length - failed} passed, ${failed} failed, 0 skipped`);
}

function bare(moment: string): string {
  return moment.replace(/ \([^)]*\)$/, '');
}
