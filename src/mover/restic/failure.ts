import { constants } from 'node:os';
import { type ErrorCode, PortError } from '../../errors.ts';
import type { ProgramResult } from '../../program.ts';
import { plainSentence } from './output.ts';

/** Our own, from the launch script: a source path is not there. */
export const PATH_MISSING = 66;
/** What our shell around restic ends with when what was to be restored is not in the copy. */
export const PATH_ABSENT = 67;
/** The repository's folder is mounted read-only, or not ours to write. */
export const READ_ONLY = 68;
export const HELD = 11;
/** The copy was made, but some of its source could not be read. */
export const PARTLY_UNREADABLE = 3;

interface Kind {
  readonly code: ErrorCode;
  readonly sentence: string;
  readonly hint?: string;
  readonly retryable?: boolean;
}

const KINDS = {
  missing: {
    code: 'repository-missing',
    sentence: 'There is no repository',
    hint: 'Create it with `cml init`, or mount the place where it is kept.',
  },
  held: {
    code: 'repository-held',
    sentence: 'The repository is held by another program',
    hint: 'Wait until it ends; `restic list locks` shows who it is.',
    retryable: true,
  },
  password: {
    code: 'repository-password',
    sentence: 'The password does not open the repository',
    hint: 'Look at passwordFile or passwordCommand of this workspace.',
  },
  full: {
    code: 'disk-full',
    sentence: 'There is no space left',
    hint: 'Free some space where the repository, the data and temporary files are.',
  },
  readOnly: {
    code: 'mover-unavailable',
    sentence: 'The repository cannot be written',
    hint: 'Is it mounted read-only, or owned by someone else?',
  },
  damaged: {
    code: 'repository-damaged',
    sentence: 'The repository is damaged',
    hint: 'Look with `restic check`. Backups that were verified since are whole; verify the others before you rely on them.',
  },
  path: { code: 'part-missing', sentence: 'A path to copy is not there' },
  copy: { code: 'part-missing', sentence: 'What was asked for is not in the repository' },
  unreachable: { code: 'mover-unavailable', sentence: 'The repository cannot be reached', retryable: true },
  other: { code: 'mover-unavailable', sentence: 'restic failed' },
} as const satisfies Record<string, Kind>;

/** Exit codes since restic 0.17.1; source: restic:doc/075_scripting.rst. */
const BY_EXIT_CODE: Readonly<Record<number, Kind>> = {
  10: KINDS.missing,
  [HELD]: KINDS.held,
  12: KINDS.password,
  [READ_ONLY]: KINDS.readOnly,
  [PATH_MISSING]: KINDS.path,
  [PATH_ABSENT]: KINDS.copy,
};

/** What restic ends with 1 for; the first that fits counts. */
const BY_SENTENCE: readonly (readonly [RegExp, Kind])[] = [
  [/no space left on device|disk quota exceeded/i, KINDS.full],
  [/resolving password failed|an empty password is not allowed|wrong password/i, KINDS.password],
  [/repository does not exist|is there a repository at/i, KINDS.missing],
  [/already locked/i, KINDS.held],
  [
    /repository contains errors|ciphertext verification failed|config or key .* is damaged|could not load index/i,
    KINDS.damaged,
  ],
  [/no matching id found|path .*: not found/i, KINDS.copy],
  [
    /connection (refused|reset)|no such host|i\/o timeout|network is unreachable|no route to host|tls handshake|stale (nfs )?file handle/i,
    KINDS.unreachable,
  ],
];

/** Only the last lines are kept in the cause: an error may be recorded and shown. */
const KEPT_LINES = 5;

/** The error that a failed run of restic stands for. */
export function failureOf(result: ProgramResult, location: string): PortError {
  const sentences = result.stderr.map(plainSentence).filter((sentence) => sentence !== '');
  const cause = new Error(sentences.slice(-KEPT_LINES).join('\n') || endOf(result));
  const signal = result.signal ?? signalOf(result.exitCode);
  if (signal !== undefined) {
    const hint = 'Did someone end it, or did the machine run out of memory? Ask again.';
    return new PortError('mover-unavailable', `restic was ended by ${signal}`, { cause, retryable: true, hint });
  }
  const text = sentences.join('\n');
  const kind: Kind =
    BY_EXIT_CODE[result.exitCode ?? -1] ?? BY_SENTENCE.find(([pattern]) => pattern.test(text))?.[1] ?? KINDS.other;
  return new PortError(kind.code, `${kind.sentence} (${withoutLogin(location)})`, {
    cause,
    retryable: kind.retryable ?? false,
    hint: kind.hint,
  });
}

/** The shell around restic lives on when restic alone is killed, and ends with 128 and the signal's number. */
function signalOf(exitCode: number | null): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => exitCode === 128 + number)?.[0];
}

function endOf({ exitCode }: ProgramResult): string {
  return `restic ended with exit code ${exitCode} and said nothing`;
}

/** A repository location may hold a login, which no sentence may repeat. */
export function withoutLogin(location: string): string {
  return location.replace(/\/\/[^/@]*@/, '//');
}
