import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { execa } from 'execa';

/** Versions and hardware, as the report names them. */
export async function describeMachine(restic: string): Promise<(readonly [string, string])[]> {
  const [cpu] = cpus();
  return [
    ['processor', `${cpus().length} × ${cpu?.model ?? 'unknown'}`],
    ['memory', `${Math.round(totalmem() / 2 ** 30)} GB`],
    ['system', `${systemName()}, Linux ${release()}`],
    ['Node', process.version],
    ['restic', await firstLine(restic, ['version'])],
    ['btrfs', await firstLine('mkfs.btrfs', ['--version'])],
    ['FUSE', await firstLine('fusermount3', ['--version'])],
  ];
}

export function writeLoad(): string {
  return loadavg()
    .map((load) => load.toFixed(1))
    .join(' ');
}

function systemName(): string {
  return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';
}

async function firstLine(program: string, args: readonly string[]): Promise<string> {
  const { exitCode, stdout } = await execa(program, args, { reject: false });
  return exitCode === 0 ? (stdout.split('\n')[0] ?? '') : 'not there';
}
