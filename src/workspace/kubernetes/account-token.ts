import { z } from 'zod';
import { PortError } from '../../errors.ts';
import { ClusterRefusal } from './cluster.ts';
import type { Requests } from './cluster-requests.ts';

/** The server may give another time than it was asked for; it gives none under ten minutes. Source: kubernetes.io, TokenRequest v1. */
const ASKED_SECONDS = 3_600;

/** Renewed when less than this part of its time is left: longer than any one request takes. */
const LEAST_LEFT = 0.2;

const answer = z.object({ status: z.object({ token: z.string().min(1), expirationTimestamp: z.iso.datetime() }) });

/**
 * A short-lived token of another account, asked for by our own when one is first needed, kept in memory only.
 * @throws PortError `platform-unavailable` when we may not have one, or there is no such account.
 */
export function createAccountToken(
  requests: Pick<Requests, 'repeat'>,
  account: string,
  now: () => number = Date.now,
): () => Promise<string> {
  const [namespace = '', name = ''] = account.split('/');
  let asking: Promise<{ readonly token: string; readonly renewAtMs: number }> | undefined;
  const ask = async () => {
    const body = {
      ...{ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' },
      spec: { expirationSeconds: ASKED_SECONDS },
    };
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const request = { verb: 'create', resource: 'serviceaccounts/token', method: 'POST', path, body } as const;
    const askedAtMs = now();
    try {
      const { status } = answer.parse(await requests.repeat(request));
      const endsAtMs = Date.parse(status.expirationTimestamp);
      return { token: status.token, renewAtMs: endsAtMs - LEAST_LEFT * (endsAtMs - askedAtMs) };
    } catch (cause) {
      throw explained(account, cause);
    }
  };
  return async () => {
    const had = asking;
    const isOver = had !== undefined && now() >= (await renewalOf(had));
    // Somebody else may have asked meanwhile.
    if (isOver && asking === had) asking = undefined;
    asking ??= ask();
    return (await asking).token;
  };
}

/** One that was refused is asked for again at once. */
function renewalOf(asked: Promise<{ readonly renewAtMs: number }>): Promise<number> {
  return asked.then(
    ({ renewAtMs }) => renewAtMs,
    () => 0,
  );
}

function explained(account: string, cause: unknown): unknown {
  if (!(cause instanceof ClusterRefusal) && !(cause instanceof z.ZodError)) return cause;
  return new PortError('platform-unavailable', `No token of the account ${account} can be had: ${cause.message}`, {
    cause,
    hint: 'restores use that account (platform.restoreAccount): deploy/base makes it and lets the service ask for its token',
  });
}
