import {
  argoPurpose,
  backupPurposes,
  guardPurposes,
  kedaPurpose,
  longhornPurpose,
  sharePurpose,
  snapshotPurpose,
} from './backup-purposes.ts';
import { type Account, isRefusal, type Wish } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { isRuntime } from './definition.ts';
import type { FoundPart } from './found.ts';
import { APPLICATION } from './gitops.ts';
import { SCALED_OBJECT } from './kinds.ts';
import { LONGHORN } from './longhorn.ts';
import { needed, type Purpose, wish } from './purpose.ts';

export interface MissingPermissions {
  /** Sentences. */
  readonly needed: readonly string[];
  readonly useful: readonly string[];
}

function restorePurposes(namespace: string): Purpose[] {
  return [
    needed('to move a claim to a restored volume', [
      ...wish('create patch delete', '', 'persistentvolumeclaims', namespace),
      ...wish('create patch delete', '', 'persistentvolumes'),
    ]),
    needed('to run what moves data in place, and to write down how far it came', [
      ...wish('create delete', 'batch', 'jobs', namespace),
      ...wish('create patch delete', '', 'secrets', namespace),
      ...wish('create patch delete', '', 'configmaps', namespace),
    ]),
    needed('to bring the definition back', [
      ...['services', 'serviceaccounts'].flatMap((one) => wish('create patch', '', one, namespace)),
      ...['deployments', 'statefulsets', 'daemonsets'].flatMap((one) => wish('create patch', 'apps', one, namespace)),
      ...wish('create patch', 'batch', 'cronjobs', namespace),
      ...wish('create patch', 'networking.k8s.io', 'ingresses', namespace),
    ]),
  ];
}

/** Which permissions a backup of this workspace lacks, whatever its parts are like; those of its guard too. */
export async function findMissingForBackup(context: KubeContext): Promise<MissingPermissions> {
  const { namespace, settings, cluster } = context;
  const [hasKeda, hasArgo] = await Promise.all([cluster.serves(SCALED_OBJECT), cluster.serves(APPLICATION)]);
  const purposes = [
    ...backupPurposes(namespace),
    ...(hasKeda ? [kedaPurpose(namespace)] : []),
    ...(hasArgo ? [argoPurpose()] : []),
    ...(settings.workloads === 'stop' ? [needed("to stop people's workloads", wish('delete', '', 'pods'))] : []),
  ];
  const found = await Promise.all([
    findMissing(context, purposes),
    findMissingForGuard(context),
    findLeftOfDefinition(context),
  ]);
  return { needed: found.flatMap((one) => one.needed), useful: found.flatMap((one) => one.useful) };
}

/** The guard has an account of its own, which is asked about in its name where we may. */
async function findMissingForGuard(context: KubeContext): Promise<MissingPermissions> {
  const { namespace, settings } = context;
  const account = { namespace, name: settings.movers.serviceAccount ?? 'default' };
  try {
    return await findMissing(context, guardPurposes(namespace), {
      account,
      who: `The guard (account ${account.name})`,
    });
  } catch (error) {
    if (!isRefusal(error, 'Forbidden')) throw error;
    const why = 'needed to see before whether the guard could start services';
    return { needed: [], useful: [`We may not create subjectaccessreviews everywhere: ${why}.`] };
  }
}

/** What operators keep in the namespace is in the definition as far as we may list it. What may not be listed is told. */
async function findLeftOfDefinition({ cluster, namespace }: KubeContext): Promise<MissingPermissions> {
  const mayList = await cluster.mayList(namespace);
  if (mayList === undefined) return { needed: [], useful: [] };
  const kinds = (await cluster.discover()).filter((kind) => kind.namespaced && !isRuntime(kind) && isAdded(kind));
  const left = kinds.filter((kind) => !mayList(kind)).map(({ plural }) => plural);
  if (left.length === 0) return { needed: [], useful: [] };
  return {
    needed: [],
    useful: [`We may not list ${someOf(left)} in ${namespace}: if any stand there, the definition lacks them.`],
  };
}

/** A cluster may have a hundred kinds. */
function someOf(plurals: readonly string[]): string {
  const more = plurals.length - 8;
  return more > 0 ? `${plurals.slice(0, 8).join(', ')} and ${more} more kinds` : plurals.join(', ');
}

/** By an operator, and not by Kubernetes itself. */
function isAdded({ apiVersion }: { readonly apiVersion: string }): boolean {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  return group.includes('.') && !group.endsWith('.k8s.io');
}

/** What these parts take beyond that. */
export function findMissingForParts(context: KubeContext, parts: readonly FoundPart[]): Promise<MissingPermissions> {
  const isSnapped = parts.some(({ capture, filer }) => capture === 'snapshot' && !filer);
  const isShared = parts.some(({ capture, nfs, filer }) => nfs !== undefined && (capture !== 'snapshot' || filer));
  return findMissing(context, [
    ...(isSnapped ? [snapshotPurpose(context.namespace)] : []),
    ...(isSnapped && parts.some(({ driver }) => driver === LONGHORN) ? [longhornPurpose()] : []),
    ...(isShared ? [sharePurpose(context.namespace)] : []),
  ]);
}

/** Which permissions a restore lacks beyond those of a backup. Asked with the account that restores, which is another one. */
export function findMissingForRestore(context: KubeContext): Promise<MissingPermissions> {
  const { namespace, settings } = context;
  return findMissing(context, restorePurposes(namespace), { who: settings.restoreAccount });
}

async function findMissing(
  { cluster }: KubeContext,
  purposes: readonly Purpose[],
  { account, who = 'We' }: { readonly account?: Account; readonly who?: string | undefined } = {},
): Promise<MissingPermissions> {
  if (purposes.length === 0) return { needed: [], useful: [] };
  const wishes = purposes.flatMap((purpose) => purpose.wishes);
  const missing = new Set((await cluster.missing(wishes, account)).map(nameOf));
  const sentences = (isNeeded: boolean) =>
    purposes
      .filter((purpose) => purpose.isNeeded === isNeeded)
      .flatMap(({ to, wishes }) => {
        const lacking = wishes.filter((one) => missing.has(nameOf(one)));
        return lacking.length === 0 ? [] : [`${who} may not ${inWords(lacking)}: needed ${to}.`];
      });
  return { needed: sentences(true), useful: sentences(false) };
}

/** `list, patch deployments in ws1; get persistentvolumes everywhere` */
function inWords(wishes: readonly Wish[]): string {
  const verbs = new Map<string, string[]>();
  for (const { verb, resource, subresource, namespace } of wishes) {
    const object = `${resource}${subresource === undefined ? '' : `/${subresource}`}`;
    const where = `${object} ${namespace === undefined ? 'everywhere' : `in ${namespace}`}`;
    verbs.set(where, [...(verbs.get(where) ?? []), verb]);
  }
  return [...verbs].map(([where, said]) => `${said.join(', ')} ${where}`).join('; ');
}

function nameOf({ verb, group, resource, subresource, namespace }: Wish): string {
  return [verb, group, resource, subresource, namespace].join(' ');
}
