import { z } from 'zod';
import type { ErrorCode } from '../../errors.ts';
import { operationView } from '../../records/operation.ts';
import { personName } from '../../records/person.ts';
import { request } from '../../records/request.ts';
import { action } from '../chat.ts';

/** Raised whenever a client and a server of different ages would misunderstand each other. */
export const PROTOCOL = 1;

/** Who the operating system says is calling, and whom they claim to be. */
export interface Caller {
  readonly uid: number;
  readonly as?: string;
  readonly token?: string;
}

export const hello = z.object({ protocol: z.number(), version: z.string(), pid: z.number() });
export type Hello = z.infer<typeof hello>;

const random = z.string().regex(/^[0-9a-f]{64}$/);

/** The client creates the file `name` in the folder of nonces, holding `content`: its owner is who calls. */
export const challenge = z.object({ name: random, content: random });
export type Challenge = z.infer<typeof challenge>;

export const proof = z.object({ name: random });
export const session = z.object({ session: random, uid: z.number() });

const as = z.object({ name: personName, token: z.string().optional() }).optional();

export const line = z.object({
  as,
  word: z.string(),
  input: z.record(z.string(), z.unknown()),
});
export type SaidLine = z.infer<typeof line>;

/** A file of a backup, answered as it is. */
export const wantedFile = z.object({ as, backup: z.string(), path: z.string() });
export type WantedFile = z.infer<typeof wantedFile>;

export const refusal = z.object({
  code: z.string().transform((code) => code as ErrorCode),
  message: z.string(),
  hint: z.string().optional(),
  exitCode: z.number(),
});

const message = z.object({
  key: z.string(),
  workspace: z.string(),
  operationId: z.string().optional(),
  tone: z.enum(['info', 'good', 'warning', 'bad']),
  text: z.string(),
  details: z.array(z.string()).readonly().optional(),
  actions: z.array(action).readonly().optional(),
});

/** What a follower is told. The last event of an operation is its view with a status other than `running`. */
export const followEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('view'), view: operationView }),
  z.object({ type: z.literal('message'), message }),
  z.object({ type: z.literal('request'), request }),
]);
export type FollowEvent = z.infer<typeof followEvent>;

/** True for the event after which there is nothing more to tell. */
export function endsFollowing(event: FollowEvent): boolean {
  if (event.type === 'view') return event.view.status !== 'running';
  return event.type === 'request' && !['pending', 'approved'].includes(event.request.status);
}
