import { appendFile, chmod, copyFile, readdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DemoWorkspace } from './workspace.ts';

export interface Damage {
  readonly filesDeleted: number;
  readonly filesRewritten: number;
  readonly modesChanged: number;
  readonly rowsDropped: number;
}

/** What a bad afternoon does to a workspace: every kind of thing that a restore has to bring back. */
export async function damage(workspace: DemoWorkspace): Promise<Damage> {
  const { projects, datasets } = workspace;
  let filesDeleted = await countFiles(join(projects, 'project-03'));
  await rm(join(projects, 'project-03'), { recursive: true });
  let filesRewritten = 0;
  let modesChanged = 0;
  for (const project of ['project-05', 'project-06', 'project-07']) {
    const folder = join(projects, project, 'src');
    const names = (await readdir(folder)).filter((name) => name.endsWith('.py')).toSorted();
    for (const [index, name] of names.entries()) {
      const path = join(folder, name);
      if (index % 4 === 0) {
        await rm(path);
        filesDeleted++;
      } else if (index % 4 === 1) {
        await overwriteInPlace(path);
        filesRewritten++;
      } else if (index % 4 === 2) {
        await chmod(path, 0o777);
        modesChanged++;
      }
    }
  }
  await breakLinks(join(projects, 'project-08', 'notebooks'));
  await rm(join(projects, 'odd corners', 'empty'), { recursive: true });
  await chmod(join(projects, 'odd corners', 'sticky and shared'), 0o755);
  await chmod(projects, 0o700);
  await writeFile(join(projects, 'RANSOM.txt'), 'Nobody asked for this file.\n');
  filesDeleted += await countFiles(join(datasets, 'month-02'));
  await rm(join(datasets, 'month-02'), { recursive: true });
  await appendFile(workspace.envFile, 'GREETING=Something is wrong here\n');
  return { filesDeleted, filesRewritten, modesChanged: modesChanged + 2, rowsDropped: await dropRows(workspace) };
}

/** Keeps size and time of change, so that only the content gives it away. */
async function overwriteInPlace(path: string): Promise<void> {
  const { size, atime, mtime } = await stat(path);
  await writeFile(path, Buffer.alloc(size, '?'));
  await utimes(path, atime, mtime);
}

async function breakLinks(notebooks: string): Promise<void> {
  await rm(join(notebooks, 'start.py'));
  await symlink('/etc/hostname', join(notebooks, 'start.py'));
  await copyFile(join(notebooks, 'shared.py'), join(notebooks, 'alone.py'));
  await rename(join(notebooks, 'alone.py'), join(notebooks, 'shared.py'));
}

async function dropRows(workspace: DemoWorkspace): Promise<number> {
  const answer = await fetch(`${workspace.databaseUrl}/rows?oldest=25`, { method: 'DELETE' });
  if (!answer.ok) throw new Error(`the demo's database did not drop rows: ${await answer.text()}`);
  return ((await answer.json()) as { dropped: number }).dropped;
}

async function countFiles(folder: string): Promise<number> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((entry) => !entry.isDirectory()).length;
}
