import { readFileSync } from 'node:fs';

/** How long it has been on a processor so far, all of its threads together, in ms. Source: proc(5), `/proc/<pid>/stat`. */
export function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** USER_HZ, which is 100 wherever Linux runs on what people buy. */
const MS_PER_TICK = 10;

/** In MB: now, or the most it ever had. Source: proc(5), `/proc/<pid>/status`; the kernel's kB are 1,024 bytes. */
export function residentMb(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const kilobytes = new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kilobytes === undefined) throw new Error(`process ${pid} does not say how much memory it has`);
  return (Number(kilobytes) * 1_024) / 1e6;
}
