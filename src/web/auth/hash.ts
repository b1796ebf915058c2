import { createHash, createHmac } from 'node:crypto';

/** What is random enough to be nobody's guess is kept only so. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Only who has the key can make it; `purpose` keeps one use from standing for another. */
export function sealOf(key: string, purpose: string, text: string): string {
  return createHmac('sha256', key).update(`${purpose}\0${text}`).digest('base64url');
}
