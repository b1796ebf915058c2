import { connect } from 'node:net';
import { execa } from 'execa';
import { programEnvironment } from '../program-environment.ts';
import { codeOf } from '../system-error.ts';
import type { DatabaseProbe } from './settings.ts';

const PROBE_MS = 3_000;
const COMMAND_MS = 20_000;

/** Gone only where that is certain: a network that swallows our question is no proof. */
export interface Probed {
  readonly answer: 'there' | 'gone' | 'unknown';
  /** Half a sentence. */
  readonly why: string;
}

/** Asks once. A probe that fails is an answer, not an error. */
export function probeDatabase(probe: DatabaseProbe): Promise<Probed> {
  return 'tcp' in probe ? probeAddress(probe.tcp) : runProbe(probe.gone);
}

function probeAddress(address: string): Promise<Probed> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(address.slice(colon + 1)), timeout: PROBE_MS });
    const answer = (probed: Probed) => {
      socket.destroy();
      resolve(probed);
    };
    socket.once('connect', () => answer({ answer: 'there', why: `the database answers at ${address}` }));
    socket.once('timeout', () => answer({ answer: 'unknown', why: `nothing answers at ${address}` }));
    socket.once('error', (cause) => {
      const code = codeOf(cause);
      if (code === 'ECONNREFUSED') answer({ answer: 'gone', why: `the connection to ${address} is refused` });
      else answer({ answer: 'unknown', why: `${address} cannot be reached (${code ?? 'no reason'})` });
    });
  });
}

async function runProbe(command: readonly string[]): Promise<Probed> {
  const [program = '', ...args] = command;
  const said = await execa(program, args, {
    reject: false,
    extendEnv: false,
    env: programEnvironment(),
    stdin: 'ignore',
    timeout: COMMAND_MS,
  });
  if (said.exitCode === 0) return { answer: 'gone', why: `${program} says that the database is gone` };
  if (said.exitCode === 1) return { answer: 'there', why: `${program} says that the database is there` };
  return {
    answer: 'unknown',
    why: `${program} could not tell (${said.exitCode ?? said.signal ?? said.code ?? 'no reason'})`,
  };
}
