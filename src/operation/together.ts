/** Runs works side by side; the first failure aborts the others, and all have come to rest before it is reported. */
export async function together<Results extends readonly unknown[]>(
  signal: AbortSignal,
  works: { readonly [Index in keyof Results]: (signal: AbortSignal) => Promise<Results[Index]> },
): Promise<Results> {
  const failing = new AbortController();
  const either = AbortSignal.any([signal, failing.signal]);
  let first: { readonly error: unknown } | undefined;
  const running = works.map(async (work) => {
    try {
      return await work(either);
    } catch (error) {
      first ??= { error };
      failing.abort(error);
      throw error;
    }
  });
  const settled = await Promise.allSettled(running);
  if (first) throw first.error;
  return settled.map((result) => (result.status === 'fulfilled' ? result.value : undefined)) as unknown as Results;
}
