import { useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { Button, type ButtonLook } from './button.js';
import { classes } from './classes.js';
import css from './menu.module.css';

export interface MenuItem {
  readonly label: string;
  readonly onSelect: () => void;
  readonly danger?: boolean;
  readonly disabled?: boolean;
}

interface MenuProps {
  /** The accessible name of the menu, and of its button when that shows no words. */
  readonly label: string;
  /** Whether the button shows words that name it. */
  readonly isNamed?: boolean;
  readonly items: readonly MenuItem[];
  readonly children: ReactNode;
  readonly look?: ButtonLook;
  readonly icon?: boolean;
  readonly className?: string | undefined;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
}

/** The gap between the button and its menu, in pixels. */
const GAP = 4;
const EDGE = 8;

/** A button that opens a list of commands. */
export function Menu({
  label,
  items,
  children,
  look = 'quiet',
  icon = true,
  className,
  onKeyDown,
  isNamed = false,
}: MenuProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  const entries = (): HTMLElement[] => [
    ...(list.current?.querySelectorAll<HTMLElement>('[role=menuitem]:enabled') ?? []),
  ];

  /** Below the button, or above it where there is no room; within the window. */
  const place = (): void => {
    const [menu, anchor] = [list.current, button.current?.getBoundingClientRect()];
    if (!menu || !anchor) return;
    const { offsetWidth: width, offsetHeight: height } = menu;
    const below = anchor.bottom + GAP + height <= innerHeight - EDGE;
    menu.style.top = `${below ? anchor.bottom + GAP : Math.max(EDGE, anchor.top - GAP - height)}px`;
    menu.style.left = `${Math.max(EDGE, Math.min(anchor.right - width, innerWidth - width - EDGE))}px`;
  };

  const walk = (event: KeyboardEvent): void => {
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const target = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (target === undefined) {
      if (event.key === 'Tab') list.current?.hidePopover();
      return;
    }
    event.preventDefault();
    all[target % all.length]?.focus();
  };

  return (
    <>
      <Button
        ref={button}
        look={look}
        icon={icon}
        className={className}
        aria-label={isNamed ? undefined : label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        popoverTarget={id}
        onKeyDown={onKeyDown}
      >
        {children}
      </Button>
      <div
        ref={list}
        id={id}
        popover="auto"
        role="menu"
        aria-label={label}
        className={css.menu}
        onKeyDown={walk}
        onToggle={({ newState }) => {
          setOpen(newState === 'open');
          if (newState !== 'open') return;
          place();
          entries()[0]?.focus();
        }}
      >
        {items.map((item) => (
          <button
            key={item.label}
            type="button"
            role="menuitem"
            tabIndex={-1}
            disabled={item.disabled}
            className={classes(css.item, item.danger && css.danger)}
            onClick={() => {
              list.current?.hidePopover();
              item.onSelect();
            }}
          >
            {item.label}
          </button>
        ))}
      </div>
    </>
  );
}
