import { z } from 'zod';
import { moment } from '../../records/time.ts';
import { definitionFile, runningNote } from '../platform.ts';
import { localSettings } from './settings.ts';

/** All that the guard needs, so that it acts without the configuration, the server or its data folder. */
export const guardOrder = z.object({
  workspace: z.string(),
  operationId: z.string(),
  /** New with every arming; the guard answers with it. */
  nonce: z.string(),
  settings: localSettings,
  note: runningNote,
  /** Put back with the data, or when the operation died between putting back the one and the other. */
  putBack: definitionFile.optional(),
  actsAt: moment,
  /** From arming to `actsAt`, in ms: measured by a clock that nobody can set. */
  spanMs: z.number(),
  pageCommand: z.array(z.string()).optional(),
});
export type GuardOrder = z.infer<typeof guardOrder>;

/** Written by the guard when it has read an order: proof that it lives and knows. */
export const guardAnswer = z.object({ nonce: z.string(), pid: z.number() });
