import type { CoreV1Event } from '@kubernetes/client-node';
import { execa } from 'execa';
import { z } from 'zod';
import { explain } from '../../errors.ts';
import { moment } from '../../records/time.ts';
import { ClusterRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { EVENT } from './kinds.ts';
import { recordsOf } from './ledger.ts';
import { LABELS, OURS } from './names.ts';
import { guardName } from './taken-over.ts';

/** Section `page` of an operation: what the guard had to tell people; the server passes it on. */
export const pageSection = z.object({ at: moment, sentence: z.string(), urgent: z.boolean() });
export type Page = z.infer<typeof pageSection>;

const COMMAND_MS = 30_000;

/**
 * Tells people from inside of the cluster, every way there is; true when one of them took it. Whoever cannot be told must not
 * keep the guard from its work.
 */
export async function tell(
  context: KubeContext,
  operationId: string,
  page: { readonly sentence: string; readonly urgent: boolean; readonly command?: readonly string[] | undefined },
): Promise<boolean> {
  const at = context.clock.now().toISOString();
  const { sentence, urgent } = page;
  const ways = [
    recordsOf(context).write(operationId, 'page', { at, sentence, urgent }),
    writeEvent(context, operationId, at, page),
    ...(page.command?.length ? [runCommand(page.command, page)] : []),
  ];
  const ends = await Promise.allSettled(ways);
  for (const end of ends)
    if (end.status === 'rejected') context.log.error({ why: explain(end.reason) }, 'people could not be told this way');
  // With a command, it is the one that wakes somebody.
  return ends.at(page.command?.length ? -1 : 0)?.status === 'fulfilled';
}

export async function readPages(
  context: KubeContext,
): Promise<{ readonly operationId: string; readonly page: Page }[]> {
  const records = recordsOf(context);
  const pages = [];
  for (const operationId of await records.having('page')) {
    const page = await records.read(operationId, 'page', pageSection);
    if (page) pages.push({ operationId, page });
  }
  return pages;
}

/** Once it was passed on. */
export async function forgetPage(context: KubeContext, operationId: string): Promise<void> {
  await recordsOf(context).forget(operationId, 'page');
}

async function writeEvent(
  { cluster, namespace, workspace }: KubeContext,
  operationId: string,
  at: string,
  { sentence, urgent }: { readonly sentence: string; readonly urgent: boolean },
): Promise<void> {
  const name = guardName(operationId);
  const event: CoreV1Event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: `${name}.${Date.parse(at).toString(16)}`,
      namespace,
      labels: { [LABELS.managedBy]: OURS, [LABELS.workspace]: workspace, [LABELS.operation]: operationId },
    },
    type: urgent ? 'Warning' : 'Normal',
    reason: urgent ? 'ServicesDown' : 'ServicesUp',
    // The API takes 1,024 characters.
    message: sentence.slice(0, 1_000),
    involvedObject: { apiVersion: 'batch/v1', kind: 'Job', name, namespace },
    source: { component: OURS },
    firstTimestamp: new Date(at),
    lastTimestamp: new Date(at),
    count: 1,
  };
  try {
    await cluster.create(EVENT, event);
  } catch (cause) {
    if (!(cause instanceof ClusterRefusal) || cause.reason !== 'AlreadyExists') throw cause;
  }
}

async function runCommand(
  command: readonly string[],
  { sentence, urgent }: { readonly sentence: string; readonly urgent: boolean },
): Promise<void> {
  const [program = '', ...args] = command;
  await execa(program, args, {
    input: `${sentence}\n`,
    timeout: COMMAND_MS,
    env: urgent ? { CML_URGENT: '1', CML_TONE: 'page' } : { CML_TONE: 'good' },
  });
}
