const UNITS: Readonly<Record<string, number>> = {
  ...{ '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 },
};

/** Bytes of what the API writes as `2Gi`. */
export function bytesOf(quantity: string | number | undefined): number {
  const match = /^([0-9.]+)([A-Za-z]*)$/.exec(String(quantity ?? 0));
  const unit = UNITS[match?.[2] ?? ''];
  if (!match || unit === undefined) throw new Error(`no quantity: ${quantity}`);
  return Math.round(Number(match[1]) * unit);
}

/** As Kubernetes writes it: the largest unit that divides it. */
export function quantityOf(bytes: number): string {
  for (const unit of ['Ti', 'Gi', 'Mi', 'Ki']) {
    const size = UNITS[unit] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}
