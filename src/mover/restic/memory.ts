const BASE_BYTES = 128 * 2 ** 20;
/** Seen: 904 MB with 2 million files, 1,708 MB with 4 million; fewer take less each (backup-anchors.md H, mover-perf.md 8). */
const BYTES_PER_FILE = 450;

/** How much memory restic is expected to take when it copies so many files, in bytes. */
export function memoryToCopy(files: number): number {
  return BASE_BYTES + files * BYTES_PER_FILE;
}
