import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import type { Tree } from '../walker.ts';

/** One hostile thing, planted in a folder of its own inside each part. */
export interface Row {
  /** The folder's name. */
  readonly id: string;
  readonly name: string;
  /** Run by `sh -eu` in the row's folder. */
  readonly plant: string;
  /** Everything that may differ afterwards, as the walker says it; by default nothing. */
  readonly differs?: readonly RegExp[];
  /** What is told in the table beside "identical". */
  readonly remark?: (after: Tree, id: string) => string;
}

/** Bytes that no shell quoting can carry on every machine. */
const named = (octal: string) => `"$(printf '${octal}')"`;
const LONG = 'n'.repeat(255);

export const rows: readonly Row[] = [
  {
    id: 'newlines',
    name: 'names with newlines',
    plant: `for name in 'a
b' '
' 'ends in one
'; do echo x >"./$name"; done; mkdir 'folder
two'; echo y >'folder
two/file
two'`,
  },
  {
    id: 'quotes',
    name: 'names with quotes and shell words',
    plant: `touch "it's" '"double"' '\`backtick\`' '$(touch pwned)' '$HOME' ';rm x' '|&<>' '#hash' '~' '!x' '{a,b}' '%s%n'`,
  },
  {
    id: 'backslashes',
    name: 'names with backslashes',
    plant: `touch '\\' '\\\\' 'a\\nb' 'a\\012b' 'ends\\'; mkdir 'dir\\'; touch 'dir\\/x\\'`,
  },
  {
    id: 'dashes',
    name: 'names with leading dashes',
    plant: 'touch ./-rf ./-- ./- ./--help; mkdir ./-p; touch ./-p/-x',
  },
  {
    id: 'patterns',
    name: 'names that are patterns (* ? [])',
    plant: `touch '*' '**' '?' '[a]' '[' ']' '[!a]*'; mkdir '*d' '[d]'; touch '*d/x' '[d]/?'`,
  },
  {
    id: 'not-utf8',
    name: 'names and link targets that are not UTF-8',
    plant: `mkdir ${named('d\\377\\376')}; touch ${named('d\\377\\376/f\\200')} ${named('\\300\\257')} ${named('caf\\351')};
      ln -s ${named('to\\377\\001')} link`,
  },
  {
    id: 'odd-names',
    name: 'control characters, spaces, dots, other scripts',
    plant: `touch ${named('\\001\\033[31m')} ' ' '...' '. ' ${named('tab\\there')} '‮gnp.exe' 'e\u0301' 'é' 'A' 'a' 'CACHEDIR.TAG' '.nobackup' '.cml-op_x'`,
  },
  {
    id: 'long-names',
    name: 'names of 255 bytes',
    plant: `touch '${LONG}'; mkdir '${'d'.repeat(255)}'; touch '${'d'.repeat(255)}/${LONG}'; touch '${'é'.repeat(127)}x'`,
  },
  {
    id: 'sparse',
    name: 'sparse files',
    plant: `truncate -s 64M hole; truncate -s 32M island; printf data | dd of=island bs=1 seek=16777216 conv=notrunc status=none;
      head -c 100000 /dev/urandom >tail; truncate -s 20M tail`,
    remark: (after, id) => {
      const own = ['hole', 'island', 'tail'].map((name) => after.entries[`${id}/${name}`]);
      const sum = (pick: 'bytes' | 'allocated') => own.reduce((total, entry) => total + (entry?.[pick] ?? 0), 0);
      return `${Math.round(sum('bytes') / 1e6)} MB take ${Math.round(sum('allocated') / 1e3)} KB`;
    },
  },
  {
    id: 'hard-links',
    name: 'hard links, also across folders',
    plant: `mkdir one two; echo shared >one/a; ln one/a one/b; ln one/a two/c; : >empty; ln empty two/empty;
      head -c 3000000 /dev/urandom >one/large; ln one/large two/large`,
  },
  {
    id: 'hard-linked-odd',
    name: 'hard links of links, fifos and devices',
    plant: 'ln -s nowhere s; ln -P s s2; mkfifo f; ln f f2; mknod c c 1 3; ln c c2',
    differs: [/hard link group was .*, is none$/],
    remark: () => 'they come back as things of their own',
  },
  {
    id: 'hard-link-out',
    name: 'a hard link whose other name is outside',
    plant: 'echo both >inside; ln inside "$OUTSIDE/$(basename "$(dirname "$PWD")" | md5sum | cut -c1-8)"',
    remark: () => 'as a file of its own',
  },
  {
    id: 'links',
    name: 'links out of the tree, dangling, in loops',
    plant: `ln -s /etc/passwd absolute; ln -s ../../../../../../etc up; ln -s nowhere dangling; ln -s self self; ln -s b a;
      ln -s a b; ln -s . here; mkdir d; ln -s .. d/parent; ln -s '${'x/'.repeat(2000)}x' far; ln -s ' -
' odd`,
  },
  {
    id: 'sockets',
    name: 'sockets',
    plant: `perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0) && bind(S, sockaddr_un("s")) || die $!'; echo x >beside`,
    differs: [/^sockets\/s: the socket is missing$/],
    remark: () => 'left out: a program makes its socket anew',
  },
  { id: 'fifos', name: 'fifos', plant: 'mkfifo -m 0640 fifo; mkfifo -m 0000 closed; chown 7:8 fifo' },
  {
    id: 'devices',
    name: 'character and block devices',
    plant: 'mknod -m 0666 null c 1 3; mknod -m 0600 block b 7 200; mknod whiteout c 0 0; mknod big c 4000 1000000',
  },
  {
    id: 'attributes',
    name: 'extended attributes (user, trusted, security)',
    plant: `echo x >file; mkdir folder; ln -s file link; setfattr -n user.note -v one file; setfattr -n user.empty file;
      setfattr -n user.binary -v 0x00ff0a file; setfattr -n user.on-folder -v x folder; setfattr -n trusted.note -v t file;
      setfattr -h -n trusted.link -v t link; setfattr -n security.note -v s file; cp /bin/true able;
      setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 able`,
  },
  {
    id: 'acls',
    name: 'access control lists, also default ones',
    plant: `echo x >file; setfacl -m u:1234:r,g:5678:rwx,m::r file; mkdir folder; setfacl -m u:77:rwx -d -m u:88:rw folder;
      echo y >folder/inherits; chmod 0604 folder/inherits`,
  },
  {
    id: 'immutable',
    name: 'immutable and append-only files and folders',
    plant: `echo x >fixed; echo y >grows; mkdir folder; echo z >folder/inside; chattr +i fixed folder; chattr +a grows`,
    remark: () => 'content kept, the flag itself is not',
  },
  {
    id: 'set-bits',
    name: 'setuid, setgid, sticky, mode 0000',
    plant: `for mode in 4755 2755 6711 1644 4000 0000 7777; do echo x >f$mode; mkdir d$mode; echo y >d$mode/f; done;
      chown 12345:54321 f4755 d2755; for mode in 4755 2755 6711 1644 4000 0000 7777; do chmod $mode f$mode d$mode; done`,
  },
  {
    id: 'owners',
    name: 'owners that do not exist here',
    plant:
      'echo x >file; chown 3999999999:4294967294 file; mkdir folder; ln -s x link; chown -h 2000000:2000001 folder link',
  },
  {
    id: 'unreadable',
    name: 'folders without read permission, as root',
    plant: 'mkdir -p closed/inner; echo x >closed/inner/file; chown -R 1234 closed; chmod 0000 closed/inner closed',
  },
  {
    id: 'times',
    name: 'times before 1970, after 2038, of nanoseconds',
    plant: `touch -d '1931-03-04 05:06:07.123456789Z' old; touch -d '2201-01-01 00:00:00.000000001Z' new; mkdir folder;
      ln -s x link; touch -h -d '1969-12-31 23:59:59.999999999Z' link; touch -d '1970-01-01 00:00:00Z' zero folder`,
  },
  {
    id: 'many',
    name: 'many entries in one folder (2,000; see below)',
    plant: 'mkdir many; cd many; seq -f "entry-%06.0f" 2000 | xargs touch; mkdir ../empty',
  },
];

/** Plants every row into a part. `outside` is a folder outside of all parts, on the same file system. */
export function plantRows(part: string, outside: string): void {
  for (const { id, plant } of rows) {
    const cwd = `${part}/${id}`;
    mkdirSync(cwd);
    execFileSync('sh', ['-euc', plant], { cwd, env: { PATH: process.env.PATH, OUTSIDE: outside, LC_ALL: 'C.UTF-8' } });
  }
}
