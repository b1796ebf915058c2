import { isRefusal } from './cluster.ts';

/** Undefined where we may not look: for what is good to know and not needed. */
export async function unlessForbidden<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isRefusal(error, 'Forbidden')) return undefined;
    throw error;
  }
}
