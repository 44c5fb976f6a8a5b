import { Component, type ReactNode } from 'react';
import { Button } from '../ui/button.js';
import controls from '../ui/controls.module.css';
import { words } from '../words.js';

interface CrashGuardProps {
  readonly children: ReactNode;
}

/** Keeps header, sign-in and uploads alive when a page fails, and offers to load the page again. */
export class CrashGuard extends Component<CrashGuardProps, { readonly crashed: boolean }> {
  override state = { crashed: false };

  static getDerivedStateFromError(): { readonly crashed: boolean } {
    return { crashed: true };
  }

  override render(): ReactNode {
    if (!this.state.crashed) return this.props.children;
    return (
      <div className={controls.empty} role="alert">
        <p>{words.errors.crashed}</p>
        <Button look="primary" onClick={() => location.reload()}>
          {words.errors.reload}
        </Button>
      </div>
    );
  }
}
