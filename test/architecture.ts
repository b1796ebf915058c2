import { posix } from 'node:path';

/** A file of the project: path from its root with `/`, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Sentences, one for each break of the house rules; none means the house stands. */
export function findViolations(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => [...checkImports(file), ...checkText(file), ...checkName(file)]);
}

/** Rooms that stand higher may import lower ones, never the other way, never a neighbour of the same height. */
const RANKS: readonly (readonly [room: RegExp, rank: number])[] = [
  [/^src\/records\//, 0],
  [/^src\/(errors|log|clock|program|process-identity|do-all|durable-file|kept-room|nearest)\.ts$/, 0],
  [/^src\/(workspace|mover|catalog|chat)\//, 1],
  [/^src\/(operation|approval|schedule)\//, 2],
  [/^src\/(backup|restore)\//, 3],
  [/^src\/orchestrator\//, 4],
  [/^(src\/(web|metrics)|commands|schedules)\//, 5],
  [/^src\/config(-[a-z-]+)?\.ts$/, 6],
  [/^src\/main(-[a-z-]+)?\.ts$/, 7],
  [/^src\/main\//, 7],
];

const ADAPTER = /^src\/(?:workspace|mover|catalog)\/[^/]+\/|^src\/chat\/(?:slack|terminal)\//;
const CONFIG = /^src\/config(-[a-z-]+)?\.ts$/;
const MAIN = /^src\/main(-[a-z-]+)?\.ts$|^src\/main\//;
const OUTSIDE_OF_HOUSE = /^(demo|bench|test|scripts)\//;

/** Each third-party client lives in one place. */
const CLIENTS: readonly (readonly [library: RegExp, place: RegExp])[] = [
  [/^lowdb$/, /^src\/catalog\/lowdb\//],
  // A release bundle is a folder of other people's manifests.
  [/^yaml$/, /^src\/(config(-[a-z-]+)?|workspace\/kubernetes\/release-bundle)\.ts$/],
  [/^commander$/, /^src\/chat\/[^/]+\.ts$/],
  [/^(hono|@hono\/node-server)$/, /^src\/(chat\/terminal|web|metrics)\//],
  [/^openid-client$/, /^src\/web\/auth\/oidc\//],
  [/^prom-client$/, /^src\/metrics\//],
  [/^zod-openapi$/, /^src\/web\/api\//],
  [/^node-cron$/, /^src\/schedule\//],
  [/^@slack\//, /^src\/chat\/slack\//],
  [/^@kubernetes\//, /^src\/workspace\/kubernetes\//],
  [/^pino$/, /^src\/log\.ts$/],
  [/^ini$/, /^src\/workspace\/cdp\/client\//],
];

interface Import {
  /** Undefined when it is computed and cannot be judged. */
  readonly specifier: string | undefined;
}

/** Static, dynamic, type-only and re-exporting ones. */
export function findImports(text: string): Import[] {
  const { code } = splitComments(text);
  const found = [
    ...code.matchAll(/\b(?:import|export)\b[^'"`;()]*?\bfrom\s*['"]([^'"]+)['"]/g),
    ...code.matchAll(/\bimport\s*['"]([^'"]+)['"]/g),
    ...code.matchAll(/\b(?:import|require)\s*\(\s*['"`]([^'"`$]+)['"`]\s*[,)]/g),
  ].map((match) => ({ specifier: match[1] }));
  const computed = [...code.matchAll(/\b(?:import|require)\s*\(\s*(?!['"`][^'"`$]+['"`]\s*[,)])/g)];
  return [...found, ...computed.map(() => ({ specifier: undefined }))];
}

/** The name of the package that a specifier belongs to; undefined for our own files and Node's modules. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return undefined;
  const [scope = '', name] = specifier.split('/');
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}

function checkImports(file: SourceFile): string[] {
  const problems: string[] = [];
  for (const { specifier } of findImports(file.text)) {
    if (specifier === undefined) {
      if (!OUTSIDE_OF_HOUSE.test(file.path)) problems.push(`${file.path} imports a computed path: nobody can judge it`);
      continue;
    }
    if (specifier.startsWith('.')) {
      const target = posix.join(posix.dirname(file.path), specifier);
      problems.push(...checkDirection(file.path, target), ...checkAdapterFence(file.path, target));
      problems.push(...checkOutside(file.path, target));
      if (!/\.(tsx?|json)$/.test(target)) problems.push(`${file.path} imports ${specifier}: write the path with .ts`);
    } else {
      problems.push(...checkClient(file.path, specifier));
    }
  }
  return problems;
}

function checkDirection(from: string, to: string): string[] {
  if (OUTSIDE_OF_HOUSE.test(from)) return [];
  const [fromRank, toRank] = [rankOf(from), rankOf(to)];
  if (fromRank === undefined) return []; // told once, by its name
  if (toRank === undefined) return [`${from} imports ${to}, which stands in no room of the house`];
  if (toRank < fromRank || roomOf(from) === roomOf(to)) return [];
  return [`${from} (rank ${fromRank}) imports ${to} (rank ${toRank}): only its own room and lower ranks are allowed`];
}

function checkAdapterFence(from: string, to: string): string[] {
  const folder = ADAPTER.exec(to)?.[0];
  if (!folder || from.startsWith(folder) || MAIN.test(from) || OUTSIDE_OF_HOUSE.test(from)) return [];
  if (CONFIG.test(from) && to === `${folder}settings.ts`) return [];
  return [`${from} imports ${to}: an adapter is known to main and to itself only`];
}

/** The judge and the demo know the product by what it does, not by its code. */
function checkOutside(from: string, to: string): string[] {
  const isApart = from === 'test/walker.ts' || from.startsWith('demo/');
  return isApart && /^(src|commands|schedules)\//.test(to) ? [`${from} imports ${to}: it has to stay independent`] : [];
}

function checkClient(from: string, specifier: string): string[] {
  const library = packageOf(specifier);
  if (library === undefined) return [];
  if (from === 'test/walker.ts') return [`${from} imports ${library}: the judge uses Node's own modules only`];
  if (OUTSIDE_OF_HOUSE.test(from)) return [];
  const place = CLIENTS.find(([client]) => client.test(library))?.[1];
  return !place || place.test(from) ? [] : [`${from} imports ${library}, which lives in ${place.source} only`];
}

function rankOf(path: string): number | undefined {
  return RANKS.find(([room]) => room.test(path))?.[1];
}

/** Everything of rank 0 is one room; else a room is its folder. */
function roomOf(path: string): string {
  const rank = rankOf(path);
  if (rank === 0 || rank === 6 || rank === 7) return `rank ${rank}`;
  const [first, second] = path.split('/');
  return first === 'src' ? `src/${second}` : `${first}`;
}

function checkText(file: SourceFile): string[] {
  const { path, text } = file;
  const problems: string[] = [];
  const { code, comments } = splitComments(text);
  const lines = text.replace(/\n$/, '').split('\n').length;
  const ceiling = path.startsWith('test/') ? 500 : 300;
  if (lines > ceiling) problems.push(`${path} has ${lines} lines: the ceiling is ${ceiling}`);
  for (const line of comments.join('\n').match(/biome-ignore.*|@ts-(?:ignore|nocheck|expect-error).*/g) ?? []) {
    if (!/^(biome-ignore(-\w+)? [\w/]+: (?!<)\S.{9,}|@ts-expect-error \S.{9,})/.test(line)) {
      problems.push(`${path} suppresses a check without a reason: ${line.trim()}`);
    }
  }
  if (/\bexport\s+default\b|\bas\s+default\b/.test(code)) problems.push(`${path} has a default export`);
  if (/\bexport\s*\*/.test(code)) problems.push(`${path} passes on a whole file: no barrels`);
  if (OUTSIDE_OF_HOUSE.test(path)) return problems;
  const readsEnvironment = /\bprocess\s*(\.\s*env\b|\[)|\benv\b[^;]*\}\s*from\s*['"]node:process/.test(code);
  if (readsEnvironment && !CONFIG.test(path) && !MAIN.test(path)) {
    problems.push(`${path} reads the environment: only the configuration and main do`);
  }
  if (!path.startsWith('src/mover/restic/') && RESTIC_WORDS.test(code)) {
    problems.push(`${path} knows how restic is called: only src/mover/restic does`);
  }
  return problems;
}

const RESTIC_WORDS =
  /\bRESTIC_[A-Z]+|['"`]--(repo|password-file|password-command|retry-lock|group-by|files-from|no-scan)\b/;

function checkName({ path }: SourceFile): string[] {
  const problems: string[] = [];
  if (/(^|[-./])(utils?|helpers?|managers?)([-./]|$)/.test(path))
    problems.push(`${path}: say what it does in its name`);
  if (/(^|\/)index\.ts$/.test(path)) problems.push(`${path}: no barrels`);
  if (!/^[a-z0-9-]+(\.test|\.config|\.d)?\.tsx?$/.test(posix.basename(path)))
    problems.push(`${path}: names are kebab-case`);
  if (!OUTSIDE_OF_HOUSE.test(path) && rankOf(path) === undefined)
    problems.push(`${path} stands in no room of the house`);
  return problems;
}

/** Comments apart from code, so that neither a path in a comment nor `//` in an address misleads. */
function splitComments(text: string): { code: string; comments: string[] } {
  const strings = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/;
  const comment = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/;
  const patterns = /(?<=[=(,:&|!?[]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/;
  const all = new RegExp(`${patterns.source}|(${comment.source})|${strings.source}`, 'g');
  const comments: string[] = [];
  const code = text.replace(all, (match, found: string | undefined) => {
    if (found === undefined) return match;
    comments.push(found);
    return ' ';
  });
  return { code, comments };
}
