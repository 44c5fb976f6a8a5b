import { useEffect, useState } from 'react';
import { BASE_PATH } from '../api/place.js';
import { Button } from '../ui/button.js';
import { Dialog, DialogActions } from '../ui/dialog.js';
import { words } from '../words.js';
import { provider } from './provider-settings.js';
import { awaitReply } from './reply-channel.js';
import { session, useSession } from './session.js';
import css from './session.module.css';
import { SignInForm } from './sign-in-form.js';
import { signOut } from './sign-out.js';
import { TokenDisclosure } from './token-disclosure.js';
import { useViewer } from './use-viewer.js';

/** Asks the person to sign in again when the server has refused the token. The page behind it stays as it is. */
export function SignInAgain() {
  const { expired } = useSession();
  const { viewer } = useViewer();
  if (!expired) return null;
  const form = { expected: viewer?.id, onSignedIn: () => undefined };
  return (
    <Dialog small title={words.signIn.againTitle} onClose={() => void signOut()}>
      <p>{words.signIn.againLead}</p>
      {provider ? (
        <>
          <InOtherWindow expected={viewer?.id} />
          <TokenDisclosure {...form} />
          <DialogActions>
            <SignOutButton />
          </DialogActions>
        </>
      ) : (
        <SignInForm {...form}>
          <SignOutButton />
        </SignInForm>
      )}
    </Dialog>
  );
}

function SignOutButton() {
  return <Button onClick={() => void signOut()}>{words.header.signOut}</Button>;
}

/** Signs in at the provider in another window, so that nothing of this one is lost. */
function InOtherWindow({ expected }: { readonly expected: string | undefined }) {
  const [replyTo] = useState(() => crypto.randomUUID());
  const [isOpen, setOpen] = useState(false);
  useEffect(() => awaitReply(replyTo, (tokens) => session.signIn(tokens)), [replyTo]);

  const open = (): void => {
    const query = new URLSearchParams({ replyTo, ...(expected !== undefined && { expected }) });
    // A page of the studio first: a window that opens later than at once is blocked by browsers. Without an opener, it
    // gets no copy of the refused token.
    window.open(`${BASE_PATH}/sign-in/window?${query.toString()}`, '_blank', WINDOW);
    setOpen(true);
  };

  return (
    <div className={css.form}>
      <Button look="primary" onClick={open}>
        {isOpen ? words.signIn.openAgain : words.signIn.submit}
      </Button>
      {isOpen && <p role="status">{words.signIn.inOtherWindow}</p>}
    </div>
  );
}

/** Small, where the system has windows. */
const WINDOW = 'noopener,popup,width=520,height=720';
