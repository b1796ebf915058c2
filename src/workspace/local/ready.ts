import { connect } from 'node:net';
import { runCommand } from './run-command.ts';
import type { Ready } from './settings.ts';

const PROBE_MS = 2_000;

/** Asks once whether a service can do its work. A probe that fails is an answer, not an error. */
export async function isReady(ready: Ready, output: string): Promise<boolean> {
  if ('http' in ready) return answersHttp(ready.http);
  if ('tcp' in ready) return acceptsTcp(ready.tcp);
  return runCommand(ready.command, { timeoutMs: PROBE_MS * 5, output });
}

async function answersHttp(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(PROBE_MS) });
    await response.body?.cancel();
    return response.status >= 200 && response.status < 400;
  } catch {
    return false;
  }
}

function acceptsTcp(address: string): Promise<boolean> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(address.slice(colon + 1)), timeout: PROBE_MS });
    const answer = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => answer(true));
    socket.once('timeout', () => answer(false));
    socket.once('error', () => answer(false));
  });
}
