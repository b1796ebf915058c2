import { createHash } from 'node:crypto';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { processIdentity } from '../../process-identity.ts';
import type { Program } from '../../program.ts';

/** The files that stand for one program in an operation's folder. */
export interface RunRecord {
  /** `<folder>/<key>`; also the marker that the program and all its children carry in their environment. */
  readonly base: string;
  readonly out: string;
  readonly err: string;
  /** Who runs it: made by the wrapper before the program starts, by a link that only one wrapper can make. */
  readonly claim: string;
  /** Its exit code: made by the wrapper when the program has ended. */
  readonly exit: string;
}

const claimed = processIdentity.extend({
  /** What was asked for, so that another program under the same key is not taken for it. */
  asked: z.string(),
});
export type Claim = z.infer<typeof claimed>;

export function recordOf(folder: string, key: string): RunRecord {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(key)) throw new Error(`"${key}" cannot name a program: it names files`);
  const base = join(folder, key);
  return { base, out: `${base}.out`, err: `${base}.err`, claim: `${base}.run.json`, exit: `${base}.exit` };
}

export function fingerprintOf(program: Program): string {
  return createHash('sha256')
    .update(JSON.stringify([program.command, program.args, program.cwd ?? '']))
    .digest('hex');
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Undefined also when torn: a power cut may leave one empty, and no process survives a power cut. */
export function readClaim(path: string): Claim | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  try {
    return claimed.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function readExitCode(record: RunRecord): number | undefined {
  const text = readText(record.exit)?.trim();
  return text && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** From the claim to the recorded end, or to now. */
export function ranForMs(record: RunRecord): number {
  const began = statSync(record.claim, { throwIfNoEntry: false })?.mtimeMs;
  const ended = statSync(record.exit, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  return began === undefined ? 0 : Math.max(0, Math.round(ended - began));
}

/** Forgets the end first: dying in between leaves a claim without an end, which is run again. */
export function dropResult(record: RunRecord): void {
  rmSync(record.exit, { force: true });
  rmSync(record.claim, { force: true });
}

export function dropAll(record: RunRecord): void {
  dropResult(record);
  rmSync(record.out, { force: true });
  rmSync(record.err, { force: true });
}
