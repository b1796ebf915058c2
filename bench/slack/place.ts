import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { POLICY } from '../place.ts';
import { type Product, startProduct } from '../product.ts';
import type { BenchWorld } from '../world.ts';
import type { RunningSlack } from './double.ts';

const VOLUME_BYTES = 64e6;
/** So slowly each restic writes to its repository, in KiB a second: a copy that goes on for minutes and costs no time. */
const PACE_KIB = 200;
/** MiB, the least that restic takes: it tells how far it is once a pack is written. */
const PACK_MIB = 4;

/** The server that speaks in this Slack, with so many workspaces whose backups take minutes. */
export async function makeSlackPlace(
  world: BenchWorld,
  slack: RunningSlack,
  names: readonly string[],
): Promise<Product> {
  const folder = await world.room('slack');
  await mkdir(join(folder, 'cml-data'));
  const slowRestic = join(folder, 'restic');
  await writeFile(
    slowRestic,
    `#!/bin/sh\nRESTIC_PACK_SIZE=${PACK_MIB} exec ${world.restic} --limit-upload ${PACE_KIB} "$@"\n`,
  );
  await chmod(slowRestic, 0o755);
  const workspaces: Record<string, object> = {};
  for (const name of names) {
    const [volume, repository] = [join(folder, name), join(folder, `repository-${name}`)];
    await mkdir(volume);
    await writeFile(join(volume, 'weights'), randomBytes(VOLUME_BYTES));
    await cp(world.emptyRepository, repository, { recursive: true });
    workspaces[name] = {
      platform: {
        kind: 'local',
        release: '1',
        services: [{ name: 'web', command: ['sleep', '86400'], folder }],
        volumes: [{ name: 'data', path: volume, capture: 'two-pass' }],
      },
      repository: { kind: 'restic', location: repository, passwordFile: world.passwordFile },
      policy: POLICY,
    };
  }
  const config = {
    ...{ data: './cml-data', people: { alice: { slack: slack.person }, bob: {} }, trustBarePeople: true, workspaces },
    slack: { apiUrl: slack.apiUrl, channel: slack.channel },
  };
  await writeFile(join(folder, 'cml.yaml'), stringify(config, { aliasDuplicateObjects: false }));
  const environment = { SLACK_BOT_TOKEN: slack.botToken, SLACK_APP_TOKEN: slack.appToken, CML_RESTIC: slowRestic };
  return startProduct(folder, world.rooms, environment);
}
