import { useState, type ReactNode } from 'react';
import { Button } from '../ui/button.js';
import { TextField } from '../ui/field.js';
import { Form } from '../ui/form.js';
import { Problem } from '../ui/problem.js';
import { words } from '../words.js';
import { session } from './session.js';
import css from './session.module.css';
import type { Viewer } from './use-viewer.js';
import { viewerOf } from './viewer-of.js';

interface SignInFormProps {
  /** Only this viewer may sign in: for a sign-in that has ended. */
  readonly expected?: string | undefined;
  /** Called before the token is used. */
  readonly prepare?: () => Promise<unknown>;
  readonly onSignedIn: (viewer: Viewer) => void;
  /** Whether there is another way to sign in beside it, which people should use first. */
  readonly isSecondWay?: boolean;
  /** Further buttons. */
  readonly children?: ReactNode;
}

/** Asks for a token, tries it, and signs in with it. */
export function SignInForm({ expected, prepare, onSignedIn, isSecondWay = false, children }: SignInFormProps) {
  const label = isSecondWay ? words.signIn.submitToken : words.signIn.submit;
  const [token, setToken] = useState('');
  const [isChecking, setChecking] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const [error, setError] = useState<unknown>();

  const submit = async (): Promise<void> => {
    const given = token.trim().replace(/^bearer\s+/i, '');
    setError(undefined);
    setRefusal(undefined);
    if (given === '') return setRefusal(words.signIn.empty);
    setChecking(true);
    try {
      const viewer = await viewerOf(given);
      if (viewer === null) return setRefusal(words.signIn.refused);
      if (expected !== undefined && viewer.id !== expected) return setRefusal(words.signIn.otherViewer(expected));
      await prepare?.();
      session.signIn({ token: given });
      onSignedIn(viewer);
    } catch (thrown) {
      setError(thrown);
    } finally {
      setChecking(false);
    }
  };

  return (
    <Form className={css.form} onSubmit={() => void submit()}>
      <TextField
        label={words.signIn.token}
        hint={words.signIn.tokenHint}
        error={refusal}
        value={token}
        onChange={({ target }) => setToken(target.value)}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        required
      />
      <Problem error={error} onRetry={() => void submit()} />
      <div className={css.actions}>
        {children}
        <Button type="submit" look={isSecondWay ? 'plain' : 'primary'} disabled={isChecking}>
          {isChecking ? words.signIn.checking : label}
        </Button>
      </div>
    </Form>
  );
}
