import { readFileSync } from 'node:fs';
import { z } from 'zod';

/**
 * Names one process for ever: a pid alone is reused, a pid with its start time since boot and the boot's own id is not.
 * Source: proc(5), `/proc/<pid>/stat` field 22 and `/proc/sys/kernel/random/boot_id`.
 */
export const processIdentity = z.object({
  pid: z.number().int().positive(),
  startTime: z.string(),
  bootId: z.string(),
});
export type ProcessIdentity = z.infer<typeof processIdentity>;

let bootId: string | undefined;

function currentBootId(): string {
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return bootId;
}

/** The fields of `/proc/<pid>/stat` that come after the command name, which itself may hold spaces and parentheses. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined; // gone, which is the answer
  }
}

/** Undefined when no such process lives (a zombie counts as gone: it holds no files and does no work). */
export function identify(pid: number): ProcessIdentity | undefined {
  const fields = statFields(pid);
  if (!fields || fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return { pid, startTime: fields[19] ?? '', bootId: currentBootId() };
}

export function isAlive(process: ProcessIdentity): boolean {
  const now = identify(process.pid);
  return now !== undefined && now.startTime === process.startTime && now.bootId === process.bootId;
}

/** False after the machine was restarted: then what was written without a flush may be lost or torn. */
export function isOfThisBoot({ bootId }: ProcessIdentity): boolean {
  return bootId === currentBootId();
}

/** The session a process belongs to; undefined when it is gone. */
export function sessionOf(pid: number): number | undefined {
  const session = statFields(pid)?.[3];
  return session === undefined ? undefined : Number(session);
}

/** The process that started it, or took it over; undefined when it is gone. */
export function parentOf(pid: number): number | undefined {
  const parent = statFields(pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}
