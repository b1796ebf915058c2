import type { V1Pod } from '@kubernetes/client-node';
import { z } from 'zod';
import type { Program, RunProgram } from '../../program.ts';
import type { KubeContext } from './context.ts';
import type { FoundPart } from './found.ts';
import { placePath } from './names.ts';
import { unlessForbidden } from './unless-forbidden.ts';

/** What a part holds. */
export interface Usage {
  readonly bytes: number;
  readonly files: number;
  /** These are the part's own numbers, not those of a file system that it shares, and both are known. */
  readonly isExact: boolean;
  /** Undefined when only files were counted. */
  readonly freeBytes?: number;
  readonly writtenSince?: number;
  /** What could not be looked at, in find's own words. */
  readonly unreadable?: readonly string[];
}

/** Source: kubernetes/kubelet pkg/apis/stats/v1alpha1, Summary; numbers may be absent for a volume that was just mounted. */
const volumeStatistics = z.object({
  pvcRef: z.object({ name: z.string(), namespace: z.string() }).optional(),
  usedBytes: z.number().optional(),
  availableBytes: z.number().optional(),
  inodesUsed: z.number().optional(),
});
const summary = z.object({
  pods: z.array(z.object({ volume: z.array(volumeStatistics).nullish() })).nullish(),
});

/**
 * Bytes and files of volumes by the statistics that the kubelet of a node keeps of what is mounted there: no pod of ours is
 * needed. A part that no running pod has mounted is not among the answers. For an export of a filer these are the numbers
 * of its whole file system, so only its free bytes are worth something.
 */
export async function readStatistics(
  { cluster, namespace }: KubeContext,
  parts: readonly FoundPart[],
  pods: readonly V1Pod[],
): Promise<Map<string, Usage>> {
  const nodeOf = nodesByClaim(pods, namespace);
  const wanted = parts.flatMap((part) => {
    const claim = claimsOf(part).find((name) => nodeOf.has(name));
    return claim === undefined ? [] : [{ part, claim, node: nodeOf.get(claim) ?? '' }];
  });
  const usage = new Map<string, Usage>();
  await Promise.all(
    [...new Set(wanted.map(({ node }) => node))].map(async (node) => {
      const answer = await unlessForbidden(cluster.get(`/api/v1/nodes/${node}/proxy/stats/summary`));
      const volumes = (summary.safeParse(answer).data?.pods ?? []).flatMap(({ volume }) => volume ?? []);
      for (const { part, claim } of wanted.filter((one) => one.node === node)) {
        const isOwn = part.backing !== undefined || part.nfs === undefined;
        const found = volumes.find(({ pvcRef }) => pvcRef?.namespace === namespace && pvcRef.name === claim);
        if (found?.usedBytes === undefined) continue;
        const room = found.availableBytes === undefined ? {} : { freeBytes: found.availableBytes };
        const isExact = isOwn && found.inodesUsed !== undefined;
        usage.set(part.name, { bytes: found.usedBytes, files: found.inodesUsed ?? 0, isExact, ...room });
      }
    }),
  );
  return usage;
}

function claimsOf({ claim, backing }: FoundPart): string[] {
  return [claim, ...(backing ? [backing.claim] : [])].map(({ metadata }) => metadata?.name ?? '');
}

function nodesByClaim(pods: readonly V1Pod[], namespace: string): Map<string, string> {
  const nodes = new Map<string, string>();
  for (const { metadata, spec, status } of pods) {
    if (metadata?.namespace !== namespace || spec?.nodeName === undefined || status?.phase !== 'Running') continue;
    for (const { persistentVolumeClaim } of spec.volumes ?? [])
      if (persistentVolumeClaim && !nodes.has(persistentVolumeClaim.claimName))
        nodes.set(persistentVolumeClaim.claimName, spec.nodeName);
  }
  return nodes;
}

/** `find` is given everything after the moment: root, what is left out, what to print. */
const COUNT = `since=$1; shift; find "$@" |
  awk -v since="$since" '{ files++; if ($1 == "f") bytes += $2; if ($3 + 0 > since + 0) later++ }
    END { printf "%d %.0f %d\\n", files, bytes, later }'`;

/** Where a program that walks a tree is run. */
export interface Walker {
  readonly run: RunProgram;
  readonly folder: string;
}

/** Everything that is not a directory, counted by a program near the data: a Job, so only where it is worth one. */
export async function countByWalk(
  { run, folder }: Walker,
  part: FoundPart,
  since: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Usage> {
  const lines: string[] = [];
  const program = countProgram(part, since);
  const ended = await run(program, {
    folder,
    onLine: (line) => lines.push(line),
    ...(signal === undefined ? {} : { signal }),
  });
  const [files = 0, bytes = 0, writtenSince = 0] = (lines[0] ?? '').split(' ').map(Number);
  const isSilent = ended.stderr.length === 0 && (ended.exitCode !== 0 || lines.length === 0);
  const unreadable = isSilent ? [`counting ${part.name} ended with ${ended.exitCode}`] : ended.stderr;
  return { files, bytes, isExact: true, unreadable, ...(since === undefined ? {} : { writtenSince }) };
}

export function countProgram(part: FoundPart, since: string | undefined): Program {
  const root = placePath({ life: 'live', part: part.name });
  const sinceSeconds = since === undefined ? 0 : Date.parse(since) / 1000;
  const leftOut = part.exclude
    .filter((path) => path.startsWith(`${root}/`))
    .flatMap((path) => ['-path', path.replace(/[\\*?[\]]/g, '\\$&'), '-prune', '-o']);
  const look = [root, '-mindepth', '1', ...leftOut, '!', '-type', 'd', '-printf', '%y %s %T@\\n'];
  return {
    key: `count-${part.name}`,
    command: 'sh',
    args: ['-c', COUNT, 'sh', String(sinceSeconds), ...look],
    needs: { places: [{ path: root, access: 'read' }] },
    fresh: true,
  };
}
