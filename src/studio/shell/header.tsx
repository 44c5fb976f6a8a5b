import { Link, useLocation } from 'wouter';
import { session } from '../session/session.js';
import { useViewer, type Viewer } from '../session/use-viewer.js';
import { BASE_PATH } from '../api/place.js';
import { ButtonLink } from '../ui/button.js';
import { Menu } from '../ui/menu.js';
import { words } from '../words.js';
import css from './shell.module.css';

export function Header() {
  const [path] = useLocation();
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
          known && path !== '/sign-in' && <ButtonLink href="/sign-in">{words.header.signIn}</ButtonLink>
        )}
      </div>
    </header>
  );
}

function Account({ viewer }: { readonly viewer: Viewer }) {
  const signOut = (): void => {
    session.signOut();
    // A new document: nothing that was loaded for the viewer stays in memory.
    location.assign(`${BASE_PATH}/`);
  };
  return (
    <Menu
      label={words.header.account(viewer.id)}
      icon={false}
      isNamed
      items={[{ label: words.header.signOut, onSelect: signOut }]}
    >
      <span className={css.account}>
        <span className={css.avatar} aria-hidden="true">
          {viewer.id.slice(0, 1)}
        </span>
        <span className={css.who}>
          <span className="visually-hidden">{words.header.accountOf}</span>
          <strong>{viewer.id}</strong> <span>{words.roles[viewer.role]}</span>
        </span>
      </span>
    </Menu>
  );
}
