/** After death no call does anything or answers, also none that was under way. */
export function untilDead<T extends object>(port: T, isDead: () => boolean): T {
  const never = new Promise<never>(() => {});
  const wrap = (value: unknown): unknown => {
    if (typeof value === 'function')
      return async (...words: unknown[]) => {
        if (isDead()) return never;
        try {
          const answer = await value(...words);
          return isDead() ? never : answer;
        } catch (error) {
          return isDead() ? never : Promise.reject(error);
        }
      };
    return value;
  };
  const entries = Object.entries(port).map(([name, value]) => [
    name,
    name !== 'capabilities' && value !== null && typeof value === 'object'
      ? untilDead(value as object, isDead)
      : name === 'requests'
        ? value
        : wrap(value),
  ]);
  return Object.fromEntries(entries) as T;
}
