import type { FC } from 'hono/jsx';

interface LoginFormProps {
  /** Where to go then. */
  readonly next: string;
  /** What the link carried by which they came, and whom it logs in. */
  readonly link?: { readonly carries: string; readonly name: string };
  /** What the issuer is called, where one is configured. */
  readonly signIn?: string | undefined;
}

const withNext = (path: string, next: string) => (next === '/' ? path : `${path}?next=${encodeURIComponent(next)}`);

/** By a link it takes one more click, so that whatever only looks at links does not use them up. */
export const LoginForm: FC<LoginFormProps> = ({ next, link, signIn }) => (
  <>
    {signIn === undefined || link ? null : (
      <p>
        <a class="button primary" href={withNext('/login/oidc', next)}>
          Sign in with {signIn}
        </a>
      </p>
    )}
    <form class="row" method="post" action={withNext('/login', next)}>
      {link ? (
        <input type="hidden" name="link" value={link.carries} />
      ) : (
        <label>
          Your token
          <input name="token" type="password" required maxlength={200} size={30} autocomplete="current-password" />
        </label>
      )}
      <button type="submit" class={signIn === undefined || link ? 'primary' : ''}>
        {link ? `Log in as ${link.name}` : 'Log in'}
      </button>
    </form>
  </>
);

/** What somebody reads who is not known, whatever they asked for. */
export const LoginHelp: FC = () => (
  <p>
    Without a token: say <code>cml web</code> in a terminal on the machine of the server, and open the link that it
    prints. Whoever may write cml.yaml makes tokens with <code>cml token</code>.
  </p>
);
