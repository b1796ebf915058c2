const SUFFIXES = ['k', 'M', 'G', 'T', 'P', 'E'];

/**
 * An amount as Kubernetes writes it (`10Gi`, `500M`, `1.5e9`) in bytes; 0 for what is absent or no amount.
 * Source: k8s.io/apimachinery pkg/api/resource/quantity.go. The client has a reader of its own and does not give it out.
 */
export function bytesOf(quantity: string | undefined): number {
  const [, number, suffix = '', binary] = /^([0-9.]+(?:[eE][+-]?\d+)?)(?:([kKMGTPE])(i?))?$/.exec(quantity ?? '') ?? [];
  if (number === undefined) return 0;
  const power = suffix === '' ? 0 : SUFFIXES.indexOf(suffix === 'K' ? 'k' : suffix) + 1;
  return Math.ceil(Number(number) * (binary ? 1024 : 1000) ** power);
}

/** The largest of some amounts, as it was written. Some drivers say 0 or nothing. */
export function largestOf(quantities: readonly (string | undefined)[]): string {
  const largest = quantities.reduce((one, other) => (bytesOf(other) > bytesOf(one) ? other : one), '0');
  return largest ?? '0';
}
