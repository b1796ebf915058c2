import type { Affected } from '../chat/chat.ts';
import { isAppError } from '../errors.ts';
import type { WorkspacePlatform } from '../workspace/platform.ts';

/** Whose work would end now. Not knowing it keeps nobody from being told in the channel. */
export async function findAffected(
  platform: Pick<WorkspacePlatform, 'inspect'>,
  signal?: AbortSignal,
): Promise<Affected[]> {
  try {
    const { workloads = [] } = await platform.inspect(signal ? { signal } : {});
    const owners = new Set(workloads.map(({ owner }) => owner));
    return [...owners].map((owner) => ({
      ...(owner === undefined ? {} : { owner }),
      what: describe(workloads.filter((workload) => workload.owner === owner).map(({ kind }) => kind)),
    }));
  } catch (error) {
    if (!isAppError(error) || signal?.aborted) throw error;
    return [];
  }
}

/** `2 sessions, 1 job`. */
function describe(kinds: readonly string[]): string {
  return [...new Set(kinds)]
    .map((kind) => {
      const count = kinds.filter((one) => one === kind).length;
      return `${count} ${kind}${count === 1 ? '' : 's'}`;
    })
    .join(', ');
}
