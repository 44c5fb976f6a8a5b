import { useSession } from '../session/session.js';
import { ButtonLink } from '../ui/button.js';
import controls from '../ui/controls.module.css';
import { BookIcon } from '../ui/icons.js';
import { usePageTitle } from '../ui/page-title.js';
import { words } from '../words.js';

export function NotFound({ title }: { readonly title: string }) {
  const { token } = useSession();
  usePageTitle(title);
  return (
    <div className={controls.empty}>
      <BookIcon />
      <h1>{title}</h1>
      {token === null && <p>{words.notFound.signInHint}</p>}
      <ButtonLink href="/" look="primary">
        {words.notFound.toCourses}
      </ButtonLink>
    </div>
  );
}
