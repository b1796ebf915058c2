import { Refused } from './refused.ts';

/**
 * What a control plane says of an operation that it does not have. The real words are not public, so there are four: a
 * server's own plain page, an error of the API, gRPC's word for it, and that of a feature which is not enabled.
 */
export type Withdrawn = 'plain' | 'not-found' | 'unimplemented' | 'disabled';

export function answerOfWithdrawn(how: Withdrawn, name: string): Refused {
  if (how === 'plain') return new Refused(404, '', '404 page not found');
  if (how === 'not-found') return new Refused(404, 'NOT_FOUND', `No such path: /api/v1/ml/${name}`);
  if (how === 'unimplemented') return new Refused(501, 'UNIMPLEMENTED', `Method ${name} is not implemented`);
  return new Refused(403, 'PATH_DISABLED', `Path /api/v1/ml/${name} is disabled`);
}
