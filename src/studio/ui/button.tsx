import type { ComponentProps } from 'react';
import { Link } from 'wouter';
import { classes } from './classes.js';
import css from './controls.module.css';

export type ButtonLook = 'plain' | 'primary' | 'danger' | 'quiet';

interface Looks {
  readonly look?: ButtonLook;
  /** A square button; it needs an `aria-label`. */
  readonly icon?: boolean;
}

export function buttonClass({ look = 'plain', icon = false }: Looks = {}, more?: string): string {
  return classes(css.button, look !== 'plain' && css[look], icon && css.icon, more);
}

export function Button({ look, icon, className, ...rest }: ComponentProps<'button'> & Looks) {
  return <button type="button" {...rest} className={buttonClass({ look, icon }, className)} />;
}

export function ButtonLink({
  look,
  icon,
  className,
  href,
  children,
  ...rest
}: ComponentProps<'a'> & Looks & { href: string }) {
  return (
    <Link href={href} {...rest} className={buttonClass({ look, icon }, className)}>
      {children}
    </Link>
  );
}
