/**
 * The methods that we call, and what Slack has to allow for each; a test compares them with the code. Of several scopes
 * for one method each is for another kind of channel. Source: docs.slack.dev/reference/methods, 2026.
 */
export const SCOPES_OF = {
  'apps.connections.open': [], // of the app token: connections:write
  'auth.test': [],
  'blocks.validate': [],
  'chat.postEphemeral': ['chat:write'],
  'chat.postMessage': ['chat:write'],
  'chat.update': ['chat:write'],
  'conversations.history': ['channels:history', 'groups:history', 'im:history'],
  'conversations.info': ['channels:read', 'groups:read'],
  'conversations.open': ['im:write'],
  'conversations.replies': ['channels:history', 'groups:history', 'im:history'],
  'files.completeUploadExternal': ['files:write'],
  'files.getUploadURLExternal': ['files:write'],
  'usergroups.users.list': ['usergroups:read'],
  'users.info': ['users:read'],
  'users.lookupByEmail': ['users:read.email'],
  'views.open': [],
  'views.publish': [],
  'views.update': [],
} satisfies Readonly<Record<string, readonly string[]>>;

/** For `/cml` and shortcuts, which no method asks for. */
const ALWAYS = ['commands'];

/** What the app has to be allowed, no more: the manifest asks for exactly these. */
export const neededScopes: readonly string[] = [...new Set([...ALWAYS, ...Object.values(SCOPES_OF).flat()])].sort();
