import { createHash } from 'node:crypto';
import { chmod, chown, link, lutimes, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** User and group of project files. Source: reference/cloudera.md 4.4. */
export const CDSW = 8536;
const POSTGRES = 26;
/** One directory for each major version of PostgreSQL. */
export const DATA = '14';
const LONG_AGO = 1_700_000_000;

/** Files as the service that owns a volume has them: owners, modes, times and links that a copy must keep. */
export async function seedVolume(owner: string, directory: string): Promise<void> {
  const put = (path: string, content: string, mode = 0o644) => file(join(directory, path), content, mode, POSTGRES);
  if (owner === 'db') {
    const data = join(directory, DATA);
    await mkdir(join(data, 'base', '16384'), { recursive: true });
    await put(`${DATA}/PG_VERSION`, '14\n', 0o600);
    await put(`${DATA}/postgresql.conf`, "listen_addresses = '*'\n", 0o600);
    await put(`${DATA}/base/16384/1259`, noise('relations', 64), 0o600);
    await put(`${DATA}/base/16384/2619`, noise('statistics', 16), 0o600);
    for (const folder of [data, join(data, 'base'), join(data, 'base', '16384')]) await own(folder, 0o700, POSTGRES);
    return;
  }
  if (owner === 's2i-git-server') {
    await put('repos/model-1.git/HEAD', 'ref: refs/heads/master\n');
    await put('repos/model-1.git/objects/pack/pack-1.pack', noise('pack', 32), 0o444);
  } else if (owner === 'secret-generator')
    await put('generated/secrets.json', '{"model-key":"generated once"}\n', 0o600);
  else if (owner === 'livelog') for (const shard of ['00', '01']) await put(`db/${shard}/000001.ldb`, noise(shard, 24));
  else await put('mnesia/state.dat', noise(owner, 4));
}

/** The shared folder: `projects/0/<id>` and what stands beside it. */
export async function seedProjects(directory: string): Promise<void> {
  for (const folder of ['addons', 'cdn', 'output', 'projects', 'scratch']) {
    await mkdir(join(directory, folder), { recursive: true });
    await own(join(directory, folder), 0o775, CDSW);
  }
  const project = join(directory, 'projects', '0', '1');
  const put = (path: string, content: string, mode = 0o644) => file(join(project, path), content, mode, CDSW);
  await put('README.md', '# A project\n');
  await put('analysis.py', 'print("hello")\n', 0o755);
  await put('data/measured.csv', noise('measured', 40));
  await put('Größe und Gewicht.txt', 'grüße\n', 0o640);
  await put('.ssh/id_rsa', 'a key\n', 0o600);
  await link(join(project, 'data/measured.csv'), join(project, 'data/linked.csv'));
  await symlink('data/measured.csv', join(project, 'latest'));
  await lutimes(join(project, 'latest'), LONG_AGO, LONG_AGO);
  await mkdir(join(project, 'empty'));
  await own(join(project, '.ssh'), 0o700, CDSW);
  await own(join(project, 'empty'), 0o2775, CDSW);
  await file(join(directory, 'projects', '0', '2', 'model.pkl'), noise('model', 48), 0o644, CDSW);
  await file(join(directory, 'scratch', 'cache'), noise('scratch', 8), 0o644, CDSW);
}

async function file(path: string, content: string, mode: number, owner: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  await own(path, mode, owner);
}

/** Only root may give files away; anybody else keeps them. */
async function own(path: string, mode: number, owner: number): Promise<void> {
  if (process.getuid?.() === 0) await chown(path, owner, owner);
  await chmod(path, mode);
  await utimes(path, LONG_AGO, LONG_AGO);
}

/** The same bytes each time that do not compress, in KiB. */
function noise(seed: string, kibibytes: number): string {
  const blocks = Array.from({ length: kibibytes * 16 }, (_, at) =>
    createHash('sha256').update(`${seed} ${at}`).digest('hex'),
  );
  return blocks.join('');
}
