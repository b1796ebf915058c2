import { OperationError } from '../../errors.ts';
import type { EffectOptions } from '../platform.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { POD } from './kinds.ts';
import { isNoted, type LedgerEntry, SERVICE_KINDS, type ServiceObject } from './ledger.ts';
import { NOTES } from './names.ts';
import { askedFor, askFor, isReady } from './running.ts';
import { whyNotReady } from './why-not-ready.ts';

const TRIES = 20;

/**
 * Brings one service back to what it was and waits until it is ready, if it was ready before.
 * @throws OperationError `service-will-not-start` saying why.
 */
export async function startService(context: KubeContext, entry: LedgerEntry, options: EffectOptions): Promise<void> {
  await scaleUp(context, entry);
  if (entry.ready && entry.kind !== 'CronJob') await awaitReady(context, entry, options);
}

/** What it asked for comes back and the note goes in one write. What somebody else did meanwhile is left, and told. */
async function scaleUp({ cluster, namespace, log }: KubeContext, entry: LedgerEntry): Promise<void> {
  const kind = SERVICE_KINDS[entry.kind];
  for (let tries = 1; ; tries += 1) {
    const object = await cluster.read(kind, entry.object, namespace);
    if (object === undefined) throw willNotStart(entry, 'is not there any more');
    const asked = askedFor(entry.kind, object);
    const isAnother = entry.uid !== undefined && object.metadata?.uid !== entry.uid;
    if (isAnother && asked === 0) throw willNotStart(entry, 'was made anew by somebody else and asks for no pods');
    const hasNote = isNoted(object);
    if (asked > 0 && (isAnother || asked !== entry.replicas || hasNote))
      log.warn(
        { service: entry.service, asked, ran: entry.replicas, isAnother },
        'somebody else started it: it stays so',
      );
    if (asked > 0 && !hasNote) return;
    try {
      await cluster.patch(kind, entry.object, namespace, {
        metadata: { resourceVersion: object.metadata?.resourceVersion, annotations: { [NOTES.ran]: null } },
        spec: { ...(asked > 0 ? {} : askFor(entry.kind, entry.replicas)), ...giveBackRetention(entry, object) },
      });
      return;
    } catch (cause) {
      if (!isRefusal(cause, 'Conflict') || tries === TRIES) throw cause;
    }
  }
}

function giveBackRetention({ whenScaled }: LedgerEntry, { spec }: ServiceObject): object {
  const now =
    spec && 'persistentVolumeClaimRetentionPolicy' in spec
      ? spec.persistentVolumeClaimRetentionPolicy?.whenScaled
      : undefined;
  if (whenScaled === undefined || now !== 'Retain') return {};
  return { persistentVolumeClaimRetentionPolicy: { whenScaled } };
}

async function awaitReady(context: KubeContext, entry: LedgerEntry, { signal }: EffectOptions): Promise<void> {
  const { cluster, namespace, settings } = context;
  const late = new Error();
  try {
    await cluster.follow(
      SERVICE_KINDS[entry.kind],
      { namespace, fields: `metadata.name=${entry.object}` },
      ([object]) => (object !== undefined && isReady(entry.kind, object) ? true : undefined),
      { signal, withinMs: settings.startWithin, late: () => late },
    );
  } catch (cause) {
    if (cause !== late) throw cause;
    const pods = await cluster.list(POD, { namespace });
    throw willNotStart(entry, `did not become ready in time${whyNotReady(entry, pods)}`);
  }
}

function willNotStart({ service, kind, object }: LedgerEntry, what: string): OperationError {
  return new OperationError('service-will-not-start', `the service ${service} ${what}`, {
    hint: `look at \`kubectl describe ${kind.toLowerCase()} ${object}\` and at the log of its pods`,
  });
}
