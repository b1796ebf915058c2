import { readFileSync } from 'node:fs';
import { writeDuration } from '../../records/time.ts';
import type { WorkspacePolicy } from '../../records/workspace.ts';
import type { LocalContext } from './context.ts';
import type { Service } from './service.ts';
import { findWriters, type Writer } from './writers.ts';

/** What would spoil a cut or a start and can be seen while services are up, one sentence each. */
export async function foresee(
  context: LocalContext,
  policy: WorkspacePolicy,
  services: readonly Service[],
  parts: readonly { readonly name: string; readonly path: string }[],
): Promise<string[]> {
  const { writers, unseen } = await findWriters(parts);
  return [
    ...(unseen === 0
      ? []
      : [`${unseen} processes of other users cannot be looked into: a writer among them would not be noticed.`]),
    ...(await warnOfWriters(writers, services)),
    ...(await warnOfStrangers(services)),
    ...warnOfTheBudget(context, policy),
  ];
}

/** More than these few would hide everything else. */
const MOST_TOLD = 5;

/** Who writes now and will not be stopped. The same look decides once services are down, when it is too late to be kind. */
async function warnOfWriters(writers: readonly Writer[], services: readonly Service[]): Promise<string[]> {
  const own = new Set([process.pid]);
  let someAreUnknown = false;
  for (const service of services) {
    const processes = await service.processes();
    if (processes === undefined) someAreUnknown ||= await service.isRunning();
    for (const { pid } of processes ?? []) own.add(pid);
  }
  const byWho = new Map<string, Writer[]>();
  for (const writer of writers) {
    // Whoever works at a terminal is no service that something else runs for us; all others may be one.
    const { who, pid } = writer;
    if (pid !== undefined && (own.has(pid) || (someAreUnknown && !hasTerminal(pid)))) continue;
    byWho.set(who, [...(byWho.get(who) ?? []), writer]);
  }
  const told = [...byWho.values()].flatMap(([first, ...others]) => {
    if (!first) return [];
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    const who = `${first.who.charAt(0).toUpperCase()}${first.who.slice(1)}`;
    return `${who} is no service and has ${first.file}${more} of ${first.part} open for writing: the cut fails while it does.`;
  });
  const rest = told.length - MOST_TOLD;
  return rest <= 0 ? told : [...told.slice(0, MOST_TOLD), `${rest} more processes have files open for writing.`];
}

/** Source: proc(5), `/proc/<pid>/stat` field 7, tty_nr: 0 without a controlling terminal. */
function hasTerminal(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[4] !== '0';
  } catch {
    return false; // gone
  }
}

async function warnOfStrangers(services: readonly Service[]): Promise<string[]> {
  const sentences: string[] = [];
  for (const service of services) {
    const stranger = await service.stranger();
    if (!stranger) continue;
    const { address, pid, program } = stranger;
    sentences.push(
      `At ${address}, where ${service.name} is asked whether it is ready, process ${pid} (${program}) answers, which is not ${service.name}.`,
    );
  }
  return sentences;
}

function warnOfTheBudget({ settings }: LocalContext, policy: WorkspacePolicy): string[] {
  const longestMs = settings.services
    .map((service) => ('command' in service ? service.stop.grace : service.stopWithin))
    .reduce((sum, ms) => sum + ms, 0);
  if (longestMs <= policy.downtimeBudget) return [];
  const [longest, budget] = [writeDuration(longestMs), writeDuration(policy.downtimeBudget)];
  return [
    `Stopping alone may take ${longest} when every service uses its whole grace; the downtime budget is ${budget}.`,
  ];
}
