import { explain, isAppError } from '../../errors.ts';
import { askDatabase } from './ask-database.ts';
import { ClusterRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import type { Workload } from './workloads.ts';

/**
 * Says who owns workloads of which their pods say nothing, as the workspace's database has it: each user has a namespace
 * (`users.username`, `users.namespace`; reference/cloudera.md 4.1). Only where the configuration allows it, since it takes the
 * database's own password: a Job in the database's image asks, and we never see the password. Whoever stays unknown is
 * counted by the caller; that it cannot be looked up is no reason to refuse anything.
 */
export async function withOwners(context: KubeContext, workloads: readonly Workload[]): Promise<Workload[]> {
  const unknown = workloads.filter(({ owner }) => owner === undefined);
  if (context.settings.owners === undefined || unknown.length === 0) return [...workloads];
  try {
    const lines = await askDatabase(context, context.settings.owners, { says: QUESTION, about: 'owners' });
    const owners = ownersIn(lines);
    return workloads.map((workload) => {
      const owner = workload.owner ?? owners.get(workload.namespace);
      return owner === undefined ? workload : { ...workload, owner };
    });
  } catch (cause) {
    if (!isAppError(cause) && !(cause instanceof ClusterRefusal)) throw cause;
    context.log.warn({ why: explain(cause) }, "the owners of people's workloads could not be looked up");
    return [...workloads];
  }
}

const QUESTION = 'select namespace, username from users where namespace is not null';

/** `workspace1-user-3|ada`, as psql writes rows without alignment. */
function ownersIn(lines: readonly string[]): Map<string, string> {
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const [namespace, username, ...more] = line.split('|');
      return namespace && username && more.length === 0 ? [[namespace, username]] : [];
    }),
  );
}
