import { quoted } from './config-edit.ts';

/** What `cml init` saw of a workspace on a cluster. */
export interface FoundOnCluster {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace: string;
  /** Of movers and the guard; absent: CML_IMAGE, which a pod of ours has. */
  readonly image?: string | undefined;
  /** In the order in which they stop. */
  readonly services: readonly string[];
  readonly parts: readonly { readonly name: string; readonly says: string }[];
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
}

/** The `platform` of a workspace on a cluster, every key that people are likely to change explained. */
export function writeClusterPlatform(found: FoundOnCluster): string {
  const { kubeconfig, context, namespace, image, services, parts, leftOut } = found;
  const folder = parts.find(({ says }) => says.includes('shared folder'))?.name;
  return [
    'platform:',
    '  kind: kubernetes',
    kubeconfig === undefined
      ? '  # kubeconfig: /path/to/kubeconfig # which cluster; the usual file, or the account of the pod, when left out'
      : `  kubeconfig: ${quoted(kubeconfig)}`,
    ...(context === undefined ? [] : [`  context: ${quoted(context)}`]),
    `  namespace: ${quoted(namespace)}`,
    '  # Found there: services, in the order in which they stop; they start the other way round.',
    ...wrapped(services),
    "  # order: [web, api, '*', db] # another order; '*' is all that are not named",
    '  # Found there: parts, and how each is captured.',
    ...parts.map(({ name, says }) => `  #   ${name}: ${says}`),
    ...leftOut.map(({ name, reason }) => `  #   ${name}: NOT in a backup, ${reason}`),
    '  # parts:',
    `  #   ${folder ?? 'projects-pvc'}: { exclude: [scratch] } # see docs/kubernetes.md for every key`,
    "  workloads: refuse # people's sessions that run when services stop: refuse, wait or stop",
    '  movers:',
    image === undefined
      ? '    # image: registry.example.com/cml-backup:1 # ours; needed where the variable CML_IMAGE does not name it'
      : `    image: ${quoted(image)} # ours: movers and the guard run in it`,
    '    serviceAccount: cml-movers # made by deploy/workspace',
  ].join('\n');
}

const LINE = 110;

/** Names in comments, as many as fit into a line. */
function wrapped(names: readonly string[]): string[] {
  const lines: string[] = [];
  for (const name of names) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + name.length < LINE) lines[lines.length - 1] = `${last}, ${name}`;
    else lines.push(`  #   ${name}`);
  }
  return lines;
}
