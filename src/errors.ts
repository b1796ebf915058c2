/**
 * Five families of errors, told apart by who must act. Anything that is not an `AppError` is a bug: nobody catches it,
 * the process ends, and the journal makes that safe.
 */
export type ErrorCode =
  // UserError
  | 'bad-command'
  | 'bad-input'
  | 'unknown-workspace'
  | 'unknown-backup'
  | 'unknown-request'
  | 'unknown-operation'
  | 'unknown-schedule'
  | 'unknown-file'
  | 'not-allowed'
  | 'own-approval'
  | 'not-pending'
  | 'request-expired'
  | 'workspace-busy'
  | 'backup-held'
  | 'backup-incomplete'
  | 'too-late'
  | 'nothing-to-do'
  | 'not-confirmed'
  | 'token-needed'
  | 'too-often'
  // PortError
  | 'platform-unavailable'
  | 'mover-unavailable'
  | 'mover-missing'
  | 'repository-missing'
  | 'repository-held'
  | 'repository-password'
  | 'repository-damaged'
  | 'catalog-unavailable'
  | 'chat-unavailable'
  | 'server-unavailable'
  | 'disk-full'
  | 'control-plane-login'
  | 'control-plane-refused'
  | 'operation-missing'
  | 'name-taken'
  | 'answer-lost'
  // OperationError
  | 'step-failed'
  | 'timed-out'
  | 'cancelled'
  | 'interrupted'
  | 'preflight-failed'
  | 'service-will-not-stop'
  | 'service-will-not-start'
  | 'not-quiet'
  | 'copy-not-proven'
  | 'part-missing'
  | 'over-budget'
  | 'plan-changed'
  | 'put-off'
  | 'stage-not-proven'
  | 'swap-failed'
  | 'unknown-data'
  | 'check-failed'
  // ServicesDownError
  | 'services-still-down'
  // ConfigError
  | 'config-invalid'
  | 'config-missing';

/** What every expected failure carries: `message` says what happened in our words, `hint` what to do next. */
export abstract class AppError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  constructor(code: ErrorCode, message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
  }
}

export function isAppError(error: unknown): error is AppError {
  return error instanceof AppError;
}

/** The person who asked must act. Answered kindly and privately, never logged as an error. */
export class UserError extends AppError {}

/** An adapter could not do its work. The machine tries again when `retryable`, then the operator must act. */
export class PortError extends AppError {
  readonly retryable: boolean;
  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string | undefined; cause?: unknown; retryable?: boolean } = {},
  ) {
    super(code, message, options);
    this.retryable = options.retryable ?? false;
  }
}

/** An operation could not go on. The operator must act; it stands in the operation's thread and in the catalog. */
export class OperationError extends AppError {}

/** Core services are down and we could not bring them back. Pages a person at once. */
export class ServicesDownError extends AppError {
  constructor(message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super('services-still-down', message, options);
  }
}

/** The deployer must act. Carries every problem found, not just the first. */
export class ConfigError extends AppError {
  readonly problems: readonly string[];
  constructor(
    problems: readonly string[],
    options: { hint?: string | undefined; cause?: unknown; code?: 'config-invalid' | 'config-missing' } = {},
  ) {
    super(options.code ?? 'config-invalid', problems.join('\n'), options);
    this.problems = problems;
  }
}

/** What a foreign program or library said is worth its first line; the rest stands in the log. */
const MOST_FOREIGN = 160;

/**
 * Our own sentences of an error and its causes, outermost first, and the first line of the first foreign cause: for
 * records and messages.
 */
export function explain(error: unknown): string {
  const sentences: string[] = [];
  for (let cause: unknown = error; cause !== undefined && sentences.length < 6; ) {
    const text = cause instanceof Error ? cause.message : String(cause);
    sentences.push(cause instanceof AppError ? text : (text.split('\n')[0] ?? '').slice(0, MOST_FOREIGN));
    cause = cause instanceof AppError ? cause.cause : undefined;
  }
  // A full stop in the middle of a sentence would read as two.
  return sentences
    .map((sentence, at) => (at < sentences.length - 1 ? sentence.replace(/\.$/, '') : sentence))
    .join(': ');
}

/** Exit codes of the command line: 1 the operation failed, 2 usage or configuration, 3 refused, 4 not found. */
export function exitCodeOf(code: ErrorCode): 1 | 2 | 3 | 4 {
  switch (code) {
    case 'bad-command':
    case 'bad-input':
    case 'config-invalid':
    case 'config-missing':
      return 2;
    case 'not-allowed':
    case 'own-approval':
    case 'not-pending':
    case 'request-expired':
    case 'workspace-busy':
    case 'backup-held':
    case 'backup-incomplete':
    case 'too-late':
    case 'not-confirmed':
    case 'token-needed':
    case 'too-often':
    case 'plan-changed':
    case 'put-off':
      return 3;
    case 'unknown-workspace':
    case 'unknown-backup':
    case 'unknown-request':
    case 'unknown-operation':
    case 'unknown-schedule':
    case 'unknown-file':
      return 4;
    default:
      return 1;
  }
}
