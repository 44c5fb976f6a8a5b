import { BASE_PATH } from '../api/place.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { words } from '../words.js';
import { session, useSession } from './session.js';
import { SignInForm } from './sign-in-form.js';
import { useViewer } from './use-viewer.js';

/** Asks for a new token when the server has refused the old one. The page behind it stays as it is. */
export function SignInAgain() {
  const { expired } = useSession();
  const { viewer } = useViewer();
  if (!expired) return null;
  const signOut = (): void => {
    session.signOut();
    location.assign(`${BASE_PATH}/`);
  };
  return (
    <Dialog small title={words.signIn.againTitle} onClose={signOut}>
      <p>{words.signIn.againLead}</p>
      <SignInForm expected={viewer?.id} onSignedIn={() => undefined}>
        <Button onClick={signOut}>{words.header.signOut}</Button>
      </SignInForm>
    </Dialog>
  );
}
