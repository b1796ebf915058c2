import pino, { type DestinationStream, type Logger } from 'pino';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

const SECRET = /((?:password|token|secret|passwd|authorization)["']?\s*[:=]\s*["']?)[^\s"',}]+/gi;
const URL_LOGIN = /(\/\/[^/\s:@]+:)[^@\s/]+@/g;

/** Hides what looks like a secret in any text that leaves the process. */
export function mask(text: string): string {
  return text.replace(SECRET, '$1***').replace(URL_LOGIN, '$1***@');
}

/** One JSON object a line, appended to a file that only we may read; strings are masked here, not at call sites. */
export function createFileLog(path: string, level: string): Log {
  return createLog(pino.destination({ dest: path, sync: true, mode: 0o600 }), level);
}

export function createLog(destination: DestinationStream, level: string): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, hooks: { streamWrite: mask } },
    destination,
  );
}
