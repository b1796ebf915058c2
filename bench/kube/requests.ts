import type { SeenRequest } from '../../test/fakes/kube-api/double.ts';

/** Sent by the server, not by a guard. */
export const OURSELVES = ({ caller }: SeenRequest) => caller === 'a-token';
