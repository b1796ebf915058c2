import { createHmac } from 'node:crypto';

/** The headers Slack signs a request with (v0): `at` in seconds since 1970. */
export function signedHeaders(
  body: string,
  secret: string,
  at = Math.floor(Date.now() / 1000),
): Record<string, string> {
  const signature = createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex');
  return { 'x-slack-request-timestamp': String(at), 'x-slack-signature': `v0=${signature}` };
}
