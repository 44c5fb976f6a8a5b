import type { ComponentProps } from 'react';
import { words } from '../words.js';
import css from './session.module.css';
import { SignInForm } from './sign-in-form.js';

/** The second way to sign in where there is a provider: with a token. */
export function TokenDisclosure(form: Omit<ComponentProps<typeof SignInForm>, 'isSecondWay' | 'children'>) {
  return (
    <details className={css.disclosure}>
      <summary>{words.signIn.useToken}</summary>
      <SignInForm {...form} isSecondWay />
    </details>
  );
}
