import { z } from 'zod';
import { moment } from '../../records/time.ts';
import { runningNote } from '../platform.ts';
import { cdpSettings } from './settings.ts';

/** All that the guard needs but the login, which it is handed when it is started and which stands in no file of ours. */
export const guardOrder = z.object({
  workspace: z.string(),
  operationId: z.string(),
  nonce: z.string(),
  settings: cdpSettings,
  note: runningNote,
  actsAt: moment,
  spanMs: z.number(),
  pageCommand: z.array(z.string()).optional(),
});
export type GuardOrder = z.infer<typeof guardOrder>;

export const guardAnswer = z.object({ nonce: z.string(), pid: z.number() });

/** Variables that the login stands in, as far as it does. */
export const guardInput = z.object({ environment: z.record(z.string(), z.string()) });
