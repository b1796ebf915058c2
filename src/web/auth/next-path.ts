const HERE = 'http://here.invalid';

/** Where to go after logging in: a place on this page, whatever was given. */
export function nextPath(given: string | undefined): string {
  if (!given?.startsWith('/') || !URL.canParse(given, HERE)) return '/';
  const { origin, pathname, search } = new URL(given, HERE);
  // A path that begins with two slashes is an address of somebody else's.
  return origin === HERE && !pathname.startsWith('//') && !/^\/login(\/|$)/.test(pathname)
    ? `${pathname}${search}`
    : '/';
}
