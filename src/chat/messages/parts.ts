import type { CapturedPart } from '../../records/part.ts';

type Kind = Pick<CapturedPart, 'kind' | 'location'>;

/** What kind of part it is: `external shared folder`. */
export function writePart({ kind, location }: Kind): string {
  return kind === 'vendor' ? 'kept by the control plane' : `${location} ${kind.replace('-', ' ')}`;
}

/** What is in it can be counted; of what the control plane keeps, nobody tells. */
export function isSeen({ kind }: Kind): boolean {
  return kind !== 'vendor';
}
