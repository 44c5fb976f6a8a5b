import { Link, useLocation, useSearch } from 'wouter';
import { useSession } from '../session/session.js';
import { signOut } from '../session/sign-out.js';
import { useViewer, type Viewer } from '../session/use-viewer.js';
import { ButtonLink } from '../ui/button.js';
import { Menu } from '../ui/menu.js';
import { words } from '../words.js';
import css from './shell.module.css';

export function Header() {
  const [path] = useLocation();
  const search = useSearch();
  const here = search === '' ? path : `${path}?${search}`;
  const { viewer, known } = useViewer();
  return (
    <header className={css.header}>
      <div className={css.bar}>
        <Link href="/" className={css.brand} aria-label={words.product}>
          <img src="icon.svg" alt="" width="30" height="30" />
          <span>{words.product}</span>
        </Link>
        <nav className={css.nav} aria-label={words.product}>
          <Link href="/" aria-current={path === '/' ? 'page' : undefined}>
            {words.header.courses}
          </Link>
        </nav>
        {viewer ? (
          <Account viewer={viewer} />
        ) : (
          known &&
          !SIGN_IN.test(path) && (
            <ButtonLink href={`/sign-in?next=${encodeURIComponent(here)}`}>{words.header.signIn}</ButtonLink>
          )
        )}
      </div>
    </header>
  );
}

/** The pages of the sign-in itself. */
const SIGN_IN = /^\/(sign-in|signed-in)\b/;

function Account({ viewer }: { readonly viewer: Viewer }) {
  const name = useSession().grant?.name ?? viewer.id;
  return (
    <Menu
      label={words.header.account(name)}
      icon={false}
      isNamed
      items={[{ label: words.header.signOut, onSelect: () => void signOut() }]}
    >
      <span className={css.account}>
        <span className={css.avatar} aria-hidden="true">
          {name.slice(0, 1)}
        </span>
        <span className={css.who}>
          <span className="visually-hidden">{words.header.accountOf}</span>
          <strong>{name}</strong> <span>{words.roles[viewer.role]}</span>
        </span>
      </span>
    </Menu>
  );
}
