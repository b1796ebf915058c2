import { hostname } from 'node:os';
import type { ConfigSource } from './config.ts';
import { ConfigError } from './errors.ts';
import type { Log } from './log.ts';

/** Exit code of a server that may not act any more; it is started again and waits for its turn. */
export const LEASE_LOST = 75;

/**
 * With `CML_LEASE=<namespace>/<name>` only one server of a cluster acts, wherever its pod runs: the work begins when the Lease
 * is ours. When it is lost the process ends at once, whatever it is doing: the guard and the next holder see to the rest.
 */
export async function underLease<T>({ environment }: ConfigSource, log: Log, work: () => Promise<T>): Promise<T> {
  const asked = environment.CML_LEASE;
  if (!asked) return work();
  const [namespace, name, ...more] = asked.split('/');
  if (!namespace || !name || more.length > 0)
    throw new ConfigError([`CML_LEASE is ${asked}.`], { hint: 'Write it as <namespace>/<name>.' });
  const [{ takeLease }, { createLazyCluster }] = await Promise.all([
    import('./workspace/kubernetes/lease.ts'),
    import('./workspace/kubernetes/lazy-cluster.ts'),
  ]);
  const lease = await takeLease({
    ...{ cluster: createLazyCluster({ log }), namespace, name, holder: hostname(), log },
    onWaiting(holder) {
      log.info({ lease: asked, holder }, 'waits for the Lease');
      process.stderr.write(
        `Another server (${holder}) holds the Lease ${asked}; this one waits until it has run out.\n`,
      );
    },
    onLost(why) {
      log.error({ lease: asked, why }, 'the Lease is lost: nothing may be done any more');
      process.stderr.write(`The Lease ${asked} is lost: ${why}. This server ends at once.\n`);
      process.exit(LEASE_LOST);
    },
  });
  try {
    return await work();
  } finally {
    await lease.release();
  }
}
