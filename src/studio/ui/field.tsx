import { useId, type ComponentProps, type ReactNode } from 'react';
import { words } from '../words.js';
import css from './controls.module.css';

interface FieldProps {
  readonly label: string;
  readonly optional?: boolean;
  readonly hint?: string;
  readonly error?: string | undefined;
}

interface Wiring {
  readonly id: string;
  readonly className: string | undefined;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': boolean | undefined;
}

/** A label, an input, and what is to be said about it. */
function Field({
  label,
  optional,
  hint,
  error,
  children,
}: FieldProps & { readonly children: (wiring: Wiring) => ReactNode }) {
  const id = useId();
  const said = error ?? hint;
  return (
    <div className={css.field}>
      <label className={css.label} htmlFor={id}>
        {label} {optional && <span className={css.hint}>({words.optional})</span>}
      </label>
      {children({
        id,
        className: css.input,
        'aria-describedby': said === undefined ? undefined : `${id}-said`,
        'aria-invalid': error === undefined ? undefined : true,
      })}
      {said !== undefined && (
        <p id={`${id}-said`} className={error === undefined ? css.hint : css.fieldError}>
          {said}
        </p>
      )}
    </div>
  );
}

export function TextField({ label, optional, hint, error, ...input }: FieldProps & ComponentProps<'input'>) {
  return (
    <Field {...{ label, optional, hint, error }}>{(wiring) => <input type="text" {...input} {...wiring} />}</Field>
  );
}

export function TextArea({ label, optional, hint, error, ...input }: FieldProps & ComponentProps<'textarea'>) {
  return <Field {...{ label, optional, hint, error }}>{(wiring) => <textarea {...input} {...wiring} />}</Field>;
}

export function Select({ label, optional, hint, error, ...input }: FieldProps & ComponentProps<'select'>) {
  return <Field {...{ label, optional, hint, error }}>{(wiring) => <select {...input} {...wiring} />}</Field>;
}
