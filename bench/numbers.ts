/** What repeated measurements of one thing say. */
export interface Sample {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

export function sampleOf(values: readonly number[]): Sample {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  const [below, above] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  const [low, high] = [sorted[0], sorted.at(-1)];
  if (below === undefined || above === undefined || low === undefined || high === undefined) {
    throw new Error('nothing was measured');
  }
  return { median: (below + above) / 2, low, high, count: sorted.length };
}

/** Of each pair its own ratio: what slows both sides of a pair down (other work on the machine) does not count. */
export function ratiosOf(pairs: readonly { readonly ours: number; readonly bare: number }[]): Sample {
  return sampleOf(pairs.map(({ ours, bare }) => ours / bare));
}

export function writeSeconds({ median, low, high, count }: Sample): string {
  const seconds = (ms: number) => (ms / 1_000).toFixed(2);
  return count === 1 ? `${seconds(median)} s` : `${seconds(median)} s (${seconds(low)}–${seconds(high)})`;
}

export function writeRatio({ median, low, high, count }: Sample): string {
  return count === 1 ? median.toFixed(3) : `${median.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`;
}

export function writeSize(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e3).toFixed(0)} KB`;
}

export function writeTree({ files, bytes }: { readonly files: number; readonly bytes: number }): string {
  return `${files.toLocaleString('en')} files, ${writeSize(bytes)}`;
}
