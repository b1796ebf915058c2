import { PortError } from '../../errors.ts';
import type { MoveOptions, Pruned } from '../mover.ts';
import { callRestic, type ResticContext } from './restic.ts';

/**
 * Gives back what nothing uses. restic writes what it still needs from a half-used file anew and into the index before it
 * drops the old one, so that it may be killed at any time. Says how far it is as text only: `[0:07] 42.00%  3 / 7 packs
 * repacked`.
 */
export async function prune(context: ResticContext, options: MoveOptions): Promise<Pruned> {
  const { maxUnused, maxRepackSize } = context.settings.prune;
  const limits = [
    '--max-unused',
    maxUnused,
    ...(maxRepackSize === undefined ? [] : ['--max-repack-size', maxRepackSize]),
  ];
  const said: { freedBytes?: number; leftBytes?: number } = {};
  await callRestic(context, {
    args: ['prune', ...limits],
    options,
    waitsForLock: true,
    adoptable: true,
    onLine: (line) => {
      const note = /^\[\S+\] +[\d.]+% +(.*)/.exec(line)?.[1];
      if (note !== undefined) options.onProgress?.({ note });
      const freed = bytesIn(line, 'total prune');
      const left = bytesIn(line, 'remaining');
      if (freed !== undefined) said.freedBytes = freed;
      if (left !== undefined) said.leftBytes = left;
    },
  });
  const { freedBytes, leftBytes } = said;
  if (freedBytes !== undefined && leftBytes !== undefined) return { freedBytes, leftBytes };
  // It ends well also when it only looked, so that the exit code alone proves nothing.
  throw new PortError('mover-unavailable', 'restic ended without saying what it gave back', { retryable: true });
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `total prune:          23 blobs / 28.613 MiB` → bytes, to three decimals of the unit. */
function bytesIn(line: string, label: string): number | undefined {
  const [, number, unit = ''] = new RegExp(`^${label}: .* / ([\\d.]+) (\\w+)`).exec(line) ?? [];
  const power = UNITS.indexOf(unit);
  return number === undefined || power < 0 ? undefined : Math.round(Number(number) * 1024 ** power);
}
