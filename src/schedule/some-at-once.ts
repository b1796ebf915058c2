/** Each waits for the disk: one after the other, the last of hundreds would begin late. */
const AT_ONCE = 16;

/** Does it for all of them, some at a time. */
export async function someAtOnce<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = all.values();
  const worker = async () => {
    for (const one of left) await work(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
