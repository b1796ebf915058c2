import { indented, quoted } from './config-edit.ts';
import { type FoundOnCluster, writeClusterPlatform } from './config-init-kubernetes.ts';

/** What `cml init` found out or made. Paths are written as they are given. */
export interface NewWorkspace {
  /** The folder that is to be protected. */
  readonly folder: string;
  /** It is no folder but a namespace, where this was found. */
  readonly cluster?: FoundOnCluster | undefined;
  readonly workspace: string;
  readonly repository: string;
  readonly passwordFile: string;
  readonly approvers: readonly [string, ...string[]];
}

export interface InitialConfig extends NewWorkspace {
  readonly dataFolder: string;
  /** `sha256:` and the hash of the approver's token. */
  readonly approverTokenHash: string;
  /** Who runs `cml init`, as known to the operating system. */
  readonly requester?: { readonly name: string; readonly uid: number };
}

/** The first cml.yaml: short, every key explained, good as it is. */
export function writeInitialConfig(initial: InitialConfig): string {
  const { workspace, requester, approvers } = initial;
  const people = requester === undefined ? '' : `\n  ${quoted(requester.name)}: { uid: ${requester.uid} }`;
  return `# What cml-backup protects, and how. \`cml check ${workspace}\` shows what it makes of this file.
# Relative paths are relative to this file; lengths of time are written like 30s, 10m, 1h30m or 2d.

# Where cml-backup keeps its own records, outside everything it protects.
data: ${quoted(initial.dataFolder)}

# Who may speak: known by the operating system's uid, or by a token (kept here as a hash only).
people:${people}
  ${quoted(approvers[0])}: { token: ${quoted(initial.approverTokenHash)} }

# Where messages go besides the terminal: a command that reads each one from its standard input.
# notify: { command: [sh, -c, 'cat >> messages.txt'] }

workspaces:
  ${quoted(workspace)}:
${indented(writeWorkspace(initial), 4)}
`;
}

/** One workspace, every key explained; its lines begin at the margin. */
export function writeWorkspace(workspace: NewWorkspace): string {
  const { cluster } = workspace;
  return `${cluster ? writeClusterPlatform(cluster) : writePlatform(workspace)}\n${writeKeeping(workspace)}`;
}

function writePlatform({ folder }: NewWorkspace): string {
  return `platform:
  kind: local # services and folders on this machine
  # Programs that must not run while the data is taken: stopped in this order, started in reverse.
  services: []
  #  - name: web # one that cml-backup starts and stops itself
  #    command: [node, server.js]
  #    folder: ${quoted(folder)}
  #    ready: { http: 'http://127.0.0.1:8080/health' } # or tcp: '127.0.0.1:5432', or command: [...]
  #  - name: db # one that has commands of its own; status exits 0 when it runs
  #    start: [systemctl, start, db]
  #    stop: [systemctl, stop, db]
  #    status: [systemctl, is-active, --quiet, db]
  # Folders of files. Folders that hold a database go under \`volumes:\` and look the same.
  sharedFolders:
    - { name: files, path: ${quoted(folder)} }
    # - { name: scratch, path: /mnt/scratch, leaveOut: 'rebuilt nightly' } # not backed up, and every backup says so
  # Files outside those folders that the services need to run.
  # definition: { files: [./.env] }`;
}

function writeKeeping({ repository, passwordFile, approvers, cluster }: NewWorkspace): string {
  const where = cluster ? 'reached from pods too' : 'a folder, better on another disk or machine';
  return `repository:
  kind: restic
  location: ${quoted(repository)} # ${where}: sftp:, s3:, rest:
  passwordFile: ${quoted(passwordFile)} # without it nothing can be restored: see the recovery sheet
policy:
  notice: 10m # people are warned this long before services stop
  downtimeBudget: 15m # services are never down longer than this for a backup
  grace: 7d # what a restore replaces is kept this long
  approvers: [${approvers.map(quoted).join(', ')}] # who may approve a restore; never the one who asks for it
# What happens unasked while \`cml serve\` runs (docs/schedules.md); \`cml schedule\` shows it.
# schedules:
#   nightly: { does: backup, when: nightly at 02:00, zone: Europe/Berlin, window: '01:00-05:00' }
#   proof: { does: verify, when: sundays at 04:00, zone: Europe/Berlin } # brings the newest backup back and compares it`;
}

export interface RecoverySheet {
  readonly workspace: string;
  /** Absolute, or what restic calls a location. */
  readonly repository: string;
  readonly passwordFile: string;
  /** Where the second password stands that opens the repository too. */
  readonly secondPasswordFile: string;
  readonly configFile: string;
  /** The restic of this machine: a path, or its bare name where it is on PATH. */
  readonly restic: string;
}

/** What must be kept where the machine is not: enough to get the data back with restic alone. */
export function writeRecoverySheet(sheet: RecoverySheet): string {
  const restic = `${shellWord(sheet.restic)} -r ${shellWord(sheet.repository)} --password-file PASSWORD_FILE`;
  return `RECOVERY SHEET for ${sheet.workspace}
Print it, or copy it to a safe place that is not on this machine.

  Repository       ${sheet.repository}
  Password         ${sheet.passwordFile}
  Second password  ${sheet.secondPasswordFile}
  Configuration    ${sheet.configFile}

Without one of the two passwords nothing can be restored, by anyone: the repository is
encrypted. Put the second password into the safe together with this sheet, then delete
its file from this machine. Keep a copy of the configuration too.

If this machine is lost, restic alone brings the data back: restic 0.17.1 or newer, from
https://restic.net or your distribution, in the place of the one named below${sheet.restic.includes('/') ? '' : ' (on PATH here)'}.
PASSWORD_FILE is a file that holds one of the passwords:

  See what is there:
    ${restic} snapshots --host ${shellWord(sheet.workspace)}
  See the files of one of them (its id stands in the first column):
    ${restic} ls ID
  Bring its files back into an empty folder:
    ${restic} restore ID --target ./restored
  See that the repository is whole:
    ${restic} check
`;
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
