import { z } from 'zod';
import { keptBackup } from '../records/part.ts';
import { moment } from '../records/time.ts';

/** One part as the storage, or the control plane, took it in the cut. */
export const snapshot = z.object({
  part: z.string(),
  /** Where its files can be read: the same path for the same part every time, so that copies find their parent. */
  path: z.string(),
  takenAt: moment,
  /** Of a part that the control plane took and keeps: nothing can be read at `path`. */
  kept: keptBackup.optional(),
  /** Why nobody can prove that it was taken while nothing was written. */
  approximate: z.string().optional(),
});
export type Snapshot = z.infer<typeof snapshot>;

/** Whether nothing writes to the parts now. */
export interface Stillness {
  /** Why that cannot be proven; absent when it is. */
  readonly unproven?: string;
}
