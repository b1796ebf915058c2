import { z } from 'zod';

export const operationId = z.string().regex(/^op_[0-9a-z]{10}$/);
export const backupId = z.string().regex(/^bkp_[0-9a-z]{10}$/);
export const requestId = z.string().regex(/^req_[0-9a-z]{10}$/);
export type IdPrefix = 'op' | 'bkp' | 'req';

/**
 * Makes ids: time first, so that they sort by age, then three random characters. Time and chance are inputs. Never the
 * same twice: operations of many workspaces may begin in one second, and a second record would replace the first.
 */
export type NewId = (prefix: IdPrefix) => string;

/** When an id was made, to the second. */
export function madeAt(id: string): Date {
  return new Date(Number.parseInt(id.slice(id.indexOf('_') + 1, -3), 36) * 1000);
}

const CHANCES = 36 ** 3;

export function createNewId(now: () => Date, random: () => number): NewId {
  const made = { seconds: 0, chances: new Set<number>() };
  return (prefix) => {
    const seconds = Math.floor(now().getTime() / 1000);
    if (seconds !== made.seconds) Object.assign(made, { seconds, chances: new Set<number>() });
    let chance = Math.floor(random() * CHANCES);
    while (made.chances.has(chance)) chance = (chance + 1) % CHANCES;
    made.chances.add(chance);
    return `${prefix}_${seconds.toString(36).padStart(7, '0')}${chance.toString(36).padStart(3, '0')}`;
  };
}
