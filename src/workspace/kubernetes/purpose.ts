import type { Wish } from './cluster.ts';

/** What one purpose takes. Kept as short as a review of each costs a request. */
export interface Purpose {
  /** Part of a sentence: "needed to ...". */
  readonly to: string;
  /** A promise hangs on it: without it nothing is begun. */
  readonly isNeeded: boolean;
  readonly wishes: readonly Wish[];
}

/** Verbs with spaces in between; a resource may name a subresource: `pods/log`. Without a namespace: everywhere. */
export function wish(verbs: string, group: string, resource: string, namespace?: string): Wish[] {
  const [plural = '', subresource] = resource.split('/');
  return verbs.split(' ').map((verb) => ({ verb, group, resource: plural, subresource, namespace }));
}

export function needed(to: string, wishes: readonly Wish[]): Purpose {
  return { to, isNeeded: true, wishes };
}

export function useful(to: string, wishes: readonly Wish[]): Purpose {
  return { to, isNeeded: false, wishes };
}
