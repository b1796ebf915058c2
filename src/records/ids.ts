import { z } from 'zod';

export const operationId = z.string().regex(/^op_[0-9a-z]{10}$/);
export const backupId = z.string().regex(/^bkp_[0-9a-z]{10}$/);
export const requestId = z.string().regex(/^req_[0-9a-z]{10}$/);
export type IdPrefix = 'op' | 'bkp' | 'req';

/** Makes ids: time first, so that they sort by age, then three random characters. Time and chance are inputs. */
export type NewId = (prefix: IdPrefix) => string;

export function createNewId(now: () => Date, random: () => number): NewId {
  return (prefix) => {
    const seconds = Math.floor(now().getTime() / 1000);
    const chance = Math.floor(random() * 36 ** 3);
    return `${prefix}_${seconds.toString(36).padStart(7, '0')}${chance.toString(36).padStart(3, '0')}`;
  };
}
