import { errors } from 'undici';
import { PortError } from '../../../errors.ts';
import { codeOf } from '../../system-error.ts';

/** How a server that cannot be trusted, or does not speak TLS, is told; before anything was sent to it. */
const TRUST: readonly (readonly [RegExp, string, string])[] = [
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'has a certificate for another name',
    'Write `endpoint` with the name that its certificate has.',
  ],
  [/^CERT_HAS_EXPIRED$/, 'has a certificate that has expired', 'Its administrator has to renew it.'],
  [/^CERT_NOT_YET_VALID$/, 'has a certificate that is not valid yet', 'Look at the clock of this machine.'],
  [
    /^(ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG)$/,
    'does not speak TLS at this port',
    'Look at `endpoint` of this workspace.',
  ],
  [
    /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)/,
    'has a certificate that nobody we trust vouches for',
    'Name the file of its certificate authority with `caFile`.',
  ],
];

const NO_CONNECTION: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ENOTFOUND: 'has a name that is not known here',
  EAI_AGAIN: 'has a name that cannot be looked up now',
  UND_ERR_CONNECT_TIMEOUT: 'does not take the connection in time',
};

const WHILE_CONNECTING = new Set(['connect', 'getaddrinfo']);

/**
 * What a request that got no answer stands for. Only where it surely never left may an effect be sent again: everything else
 * is a lost answer.
 */
export function troubleOf(cause: unknown, asked: { host: string; operation: string; isEffect: boolean }): unknown {
  if (cause instanceof PortError) return cause;
  const code = codeOf(cause) ?? '';
  const distrust = TRUST.find(([pattern]) => pattern.test(code));
  if (distrust !== undefined) {
    const [, sentence, hint] = distrust;
    return new PortError('platform-unavailable', `The control plane at ${asked.host} ${sentence}`, { cause, hint });
  }
  const isUnsent = code in NO_CONNECTION || systemCallsOf(cause).every((call) => WHILE_CONNECTING.has(call));
  if (isUnsent) {
    const sentence = NO_CONNECTION[code] ?? 'cannot be reached';
    return new PortError('platform-unavailable', `The control plane at ${asked.host} ${sentence}`, {
      ...{ cause, retryable: true },
      hint: 'Look at `endpoint` of this workspace, and whether this machine gets through to it.',
    });
  }
  if (asked.isEffect) return answerLost(asked.operation, cause);
  if (cause instanceof errors.HTTPParserError) {
    return new PortError('platform-unavailable', `What answers at ${asked.host} does not speak HTTP`, {
      ...{ cause, hint: 'Look at `endpoint` of this workspace.' },
    });
  }
  if (code === '') return cause;
  const what = /TIMEOUT/.test(code) ? 'did not answer in time' : 'dropped the connection';
  return new PortError('platform-unavailable', `The control plane at ${asked.host} ${what}`, {
    cause,
    retryable: true,
  });
}

/** A name with several addresses is tried at each of them. `['']`: nobody knows. */
function systemCallsOf(cause: unknown): string[] {
  const causes: unknown[] = cause instanceof AggregateError ? cause.errors : [cause];
  return causes.map((one) => (one instanceof Error && 'syscall' in one ? String(one.syscall) : ''));
}

export function answerLost(operation: string, cause: unknown): PortError {
  return new PortError('answer-lost', `${operation} was sent to the control plane, and the answer was lost`, {
    cause,
    hint: 'It may have been done. Look at the workspace and its backups before you ask for it again.',
  });
}
