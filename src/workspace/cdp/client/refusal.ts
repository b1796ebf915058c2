import { z } from 'zod';
import { PortError } from '../../../errors.ts';
import { writeDuration } from '../../../records/time.ts';
import type { Reply } from './connection.ts';
import { answerLost } from './trouble.ts';
import type { OperationName } from './wire.ts';

export interface Asked {
  readonly operation: OperationName;
  readonly host: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly isEffect: boolean;
  readonly withToken: boolean;
  /** When it was sent, by our clock. */
  readonly at: Date;
  /** It has answered as a control plane before. */
  readonly isKnown: boolean;
}

/** What it said; the client of the vendor takes all three. */
const said = z.looseObject({
  code: z.union([z.string(), z.number().transform(String)]).catch(''),
  message: z.string().optional().catch(undefined),
  error: z.string().optional().catch(undefined),
  errorMessages: z.array(z.string()).optional().catch(undefined),
});

interface Said {
  readonly code: string;
  readonly message: string;
}

const NOTHING_SAID: Said = { code: '', message: '' };
const ABSENT = new Set([404, 405, 501]);

/** Busy, not broken: it may be asked again a little later. 502 and 504 come from what stands in front of it. */
const BUSY = new Set([429, 502, 503, 504, 509]);

/** Whether asking once more may help. */
export function isBusy(reply: Reply, isEffect: boolean): boolean {
  return isEffect ? reply.status === 429 : BUSY.has(reply.status);
}

/** The error that an answer other than 2xx stands for. */
export function refusalOf(asked: Asked, reply: Reply): PortError {
  const words = readWords(reply.body);
  const cause = causeOf(reply, words);
  // Before it is looked at what it says: only these tell that an effect was not begun.
  if (asked.isEffect && (reply.status >= 500 || reply.status === 408) && reply.status !== 501) {
    return answerLost(asked.operation, cause);
  }
  if (BUSY.has(reply.status) || reply.status === 408) return busy(reply, cause);
  const { code, message } = words ?? NOTHING_SAID;
  const isAbsent = ABSENT.has(reply.status);
  const isPage = words === undefined && reply.body.trim() !== '';
  const isPlane = asked.isKnown || reply.requestId !== undefined || /^[A-Z_]{3,}$/.test(code);
  if (isAbsent && isPlane && words === undefined) return operationMissing(asked.operation, cause);
  if (isPage || (isAbsent && !isPlane)) return notAControlPlane(asked.host, reply, cause);
  return (
    loginRefusal(asked, reply, { code, message }, cause) ??
    missing(asked, reply, { code, message }, cause) ??
    conflict(asked, { code, message }, cause) ??
    new PortError('control-plane-refused', `The control plane refused ${asked.operation}`, {
      ...{ cause, retryable: reply.status >= 500 },
      hint: 'Its own sentence says why; with the name of the request its support finds more.',
    })
  );
}

/** Undefined when it is nothing that a control plane says. */
function readWords(body: string): Said | undefined {
  try {
    const { code, message, error, errorMessages } = said.parse(JSON.parse(body));
    return { code, message: message ?? error ?? errorMessages?.join(' ') ?? '' };
  } catch {
    return undefined;
  }
}

/** Its name for the request first: sentences are cut when they are long. */
export function causeOf(reply: Reply, words?: Said): Error {
  const request = reply.requestId === undefined ? '' : `request ${reply.requestId}: `;
  const sentence = words && [words.code, words.message].filter((text) => text !== '').join(': ');
  return new Error(`${request}${[reply.status, sentence].filter(Boolean).join(' ')}`);
}

function busy(reply: Reply, cause: Error): PortError {
  const why = reply.status === 429 ? 'asks us to send less' : 'is not able to answer now';
  return new PortError('platform-unavailable', `The control plane ${why}`, { cause, retryable: true });
}

export function notAControlPlane(host: string, reply: Reply, cause: Error): PortError {
  const instead = reply.elsewhere === undefined ? '' : `: it sends us to ${reply.elsewhere.split('?')[0]}`;
  return new PortError('platform-unavailable', `What answers at ${host} is not a control plane${instead}`, {
    cause,
    hint: 'Look at `endpoint` of this workspace: it is the address of the console, without a path.',
  });
}

/** More than a minute apart is more than any network takes. */
const CLOCKS_APART_MS = 60_000;

function loginRefusal(asked: Asked, reply: Reply, { code, message }: Said, cause: Error): PortError | undefined {
  // 403 is also what an operation says that is switched off.
  if ((reply.status !== 401 && reply.status !== 403) || NO_OPERATION.test(code)) return undefined;
  const what = asked.withToken ? 'access token' : 'access key';
  const refused = (sentence: string, hint: string) => new PortError('control-plane-login', sentence, { cause, hint });
  const isRight = /PERMISSION|FORBIDDEN|NOT_AUTHORIZED/i.test(code) || (reply.status === 403 && code === '');
  const apartMs = reply.date === undefined ? 0 : asked.at.getTime() - reply.date.getTime();
  if (!asked.withToken && !isRight && Math.abs(apartMs) > CLOCKS_APART_MS) {
    const side = apartMs > 0 ? 'ahead of' : 'behind';
    return refused(
      `The control plane refused our signature, and the clock of this machine is ${writeDuration(Math.abs(apartMs))} ${side} its own`,
      'Set the clock of this machine (NTP); signatures hold for a few minutes only.',
    );
  }
  if (/expired/i.test(`${code} ${message}`)) {
    return refused(
      `The ${what} for the control plane has expired`,
      'Make a new one and put it where `credentials` says.',
    );
  }
  if (isRight) {
    return refused(
      `The control plane does not let this ${what} do ${asked.operation}`,
      'Give its user the resource role MLAdmin on the environment of the workspace.',
    );
  }
  return refused(
    `The control plane does not accept this ${what}`,
    'Was it deleted, or made for another control plane? `credentials` of this workspace says where it is read.',
  );
}

const NO_OPERATION = /PATH_DISABLED|UNIMPLEMENTED|(UNKNOWN|NO_SUCH|UNSUPPORTED)_?(OPERATION|METHOD|PATH|API)/i;
const NO_OPERATION_SAID =
  /\b(unknown|no such|unsupported|not implemented|unrecognized)\b.{0,40}\b(operation|method|path|api|endpoint)\b|\b(operation|method|path|api|endpoint)\b.{0,60}\b(not (found|supported|implemented|enabled)|unknown|disabled|does not exist)\b/i;

function missing(asked: Asked, reply: Reply, { code, message }: Said, cause: Error): PortError | undefined {
  const isNotFound = reply.status === 404 || /NOT_?FOUND/i.test(code);
  const isAbsent = reply.status === 405 || reply.status === 501 || NO_OPERATION.test(code);
  if (isAbsent || ((isNotFound || reply.status === 400) && NO_OPERATION_SAID.test(message))) {
    return operationMissing(asked.operation, cause);
  }
  if (!isNotFound) return undefined;
  const { backupCrn, workspaceCrn, resourceCrn, workspaceName } = asked.body;
  if (typeof backupCrn === 'string') {
    return new PortError('unknown-backup', `The control plane does not know the backup ${backupCrn}`, {
      cause,
      hint: 'It was deleted there, or went with its workspace.',
    });
  }
  const workspace = workspaceName ?? workspaceCrn ?? resourceCrn;
  if (typeof workspace !== 'string') return undefined;
  return new PortError('unknown-workspace', `The control plane does not know the workspace ${workspace}`, {
    cause,
    hint: 'Look at its name and environment in `platform`; was it deleted or made anew?',
  });
}

function operationMissing(operation: OperationName, cause: Error): PortError {
  return new PortError('operation-missing', `This control plane does not have the operation ${operation}`, {
    cause,
    hint: 'Its release may be too old for it. `cml check` says which operations it has.',
  });
}

function conflict(asked: Asked, { code, message }: Said, cause: Error): PortError | undefined {
  const isTaken = /ALREADY_?EXISTS|DUPLICATE/i.test(code) || /already (exists|in use|taken|used)/i.test(message);
  const name = asked.body.backupName ?? asked.body.newWorkspaceParameters;
  if (!asked.isEffect || !isTaken || name === undefined) return undefined;
  const what = typeof name === 'string' ? `a backup named ${name}` : 'a workspace of that name';
  return new PortError('name-taken', `The control plane already has ${what}`, {
    cause,
    hint: 'Nothing was begun. Look at what has that name.',
  });
}
