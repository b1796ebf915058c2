import type { MoveOptions } from '../mover.ts';
import { callRestic, type ResticContext } from './restic.ts';

/**
 * Reads index, trees and the list of packs from the repository itself, never from the cache: restic goes on working from
 * its cache when the repository has long lost what it needs. Takes no lock, so that it neither waits for anyone nor keeps
 * anyone out; a prune meanwhile may make it fail, never pass.
 */
export async function check(context: ResticContext, options: MoveOptions): Promise<void> {
  await callRestic(context, { args: ['check', '--json', '--no-lock'], options });
}
