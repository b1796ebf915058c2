import type { Context } from 'hono';
import type { Child, FC } from 'hono/jsx';
import type { Visitor, WebEnv } from './visitor.ts';

const PLACES = [
  ['/', 'Workspaces'],
  ['/backups', 'Backups'],
  ['/operations', 'Operations'],
  ['/requests', 'Requests'],
  ['/schedules', 'Schedules'],
  ['/audit', 'Audit'],
] as const;

/** Nothing of htmx may be evaluated or put into a style: the policy of the page refuses it. */
const HTMX_CONFIG = 'extensions:"sse,hx-csp",includeIndicatorCSS:false,sse.reconnectMaxDelay:10000';

export interface Heading {
  readonly title: string;
  /** The place in the menu that it belongs to. */
  readonly place?: (typeof PLACES)[number][0];
  /** For somebody who is not one of us any more. */
  readonly isOutside?: boolean;
}

interface LayoutProps extends Heading {
  readonly visitor: Visitor | undefined;
  readonly nonce: string | undefined;
  readonly children?: Child;
}

const Layout: FC<LayoutProps> = ({ title, place, visitor, nonce, children }) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <title>{`${title} · Workspace Backup Catalog`}</title>
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="htmx-config" content={HTMX_CONFIG} />
      <link rel="stylesheet" href="/assets/style.css" />
      <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
      <script src="/assets/htmx.js" nonce={nonce} defer />
      <script src="/assets/page.js" nonce={nonce} defer />
    </head>
    <body>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header>
        <a class="brand" href="/">
          Workspace Backup Catalog
        </a>
        {visitor ? (
          <nav aria-label="Places">
            {PLACES.map(([href, label]) => (
              <a href={href} aria-current={href === place ? 'page' : undefined}>
                {label}
              </a>
            ))}
          </nav>
        ) : null}
        {visitor ? <Leaving visitor={visitor} /> : null}
      </header>
      <p id="cut-off" role="status" hidden>
        The connection is cut off: what you see may be old. It catches up by itself.
      </p>
      <main id="main" tabindex={-1}>
        <h1>{title}</h1>
        {children}
      </main>
    </body>
  </html>
);

const Leaving: FC<{ visitor: Visitor }> = ({ visitor }) => (
  <form class="leave" method="post" action="/logout">
    <input type="hidden" name="csrf" value={visitor.csrf} />
    <span>{visitor.person.name}</span>
    <button type="submit">Log out</button>
  </form>
);

/** A whole page, for whoever looks at it. */
export async function showPage(context: Context<WebEnv>, heading: Heading, content: Child): Promise<Response> {
  const nonce = context.get('secureHeadersNonce');
  const page = (
    <Layout {...heading} visitor={heading.isOutside ? undefined : context.get('visitor')} nonce={nonce}>
      {content}
    </Layout>
  );
  // As bytes: a text is looked through once more for halves of characters, which in a page of ours are none.
  const bytes = Buffer.from(`<!doctype html>${await page}`);
  return context.body(bytes, { headers: { 'content-type': 'text/html; charset=UTF-8' } });
}
